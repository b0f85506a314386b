import { Rng } from "@nuwa/tensor3d";
import { expect, test } from "vitest";
import { type SamplerOptions, sampleCode } from "./sampler.ts";

const logits = () => Float32Array.from([0.4, 0.3, 0.2, 0.1], Math.log);

/** How often each code is drawn. */
function shares(options: SamplerOptions, draws = 4000): number[] {
  const rng = new Rng(1);
  const counts = [0, 0, 0, 0];
  for (let draw = 0; draw < draws; draw++) counts[sampleCode(logits(), options, rng.fork(draw))]++;
  return counts.map((count) => count / draws);
}

test.each<[SamplerOptions, number[]]>([
  [{}, [0.4, 0.3, 0.2, 0.1]],
  [{ temperature: 0.5 }, [16 / 30, 9 / 30, 4 / 30, 1 / 30]],
  [{ topK: 2 }, [4 / 7, 3 / 7, 0, 0]],
  [{ topP: 0.65 }, [4 / 7, 3 / 7, 0, 0]],
  [{ topP: 0.75 }, [4 / 9, 3 / 9, 2 / 9, 0]],
  [{ topK: 3, topP: 0.4 }, [1, 0, 0, 0]],
  [{ topK: 9 }, [0.4, 0.3, 0.2, 0.1]],
  [{ temperature: 0 }, [1, 0, 0, 0]],
])("%o draws %s", (options, expected) => {
  shares(options).forEach((share, code) => {
    expect(Math.abs(share - expected[code])).toBeLessThan(expected[code] % 1 === 0 ? 1e-9 : 0.03);
  });
});

test.each<SamplerOptions>([
  {},
  { temperature: 0.3 },
  { topK: 5 },
  { topP: 0.7, temperature: 2 },
  { topK: 9, topP: 0.9 },
])("%o: noise that is not drawn would change nothing", (options) => {
  for (let seed = 0; seed < 200; seed++) {
    const values = new Rng(seed).normal(257, 0, seed % 2 ? 3 : 20);
    const noise = new Rng(seed).fork("noise");
    expect(sampleCode(values.slice(), options, noise)).toBe(plainly(values, options, noise.gumbel(257)));
  }
});

/** The same with a number for every code and a full sort. */
function plainly(
  values: Float32Array,
  { temperature = 1, topK = 257, topP = 1 }: SamplerOptions,
  noise: Float32Array,
) {
  const scaled = values.map((logit) => logit / temperature);
  const ranked = [...scaled.keys()].sort((a, b) => scaled[b] - scaled[a]).slice(0, topK);
  const total = ranked.reduce((sum, code) => sum + Math.exp(scaled[code] - scaled[ranked[0]]), 0);
  let before = 0;
  const allowed = ranked.filter((code) => {
    const taken = before < topP * total;
    before += Math.exp(scaled[code] - scaled[ranked[0]]);
    return taken;
  });
  const score = (code: number) => Math.fround(scaled[code] + noise[code]);
  return allowed.reduce((best, code) => (score(code) > score(best) ? code : best));
}
