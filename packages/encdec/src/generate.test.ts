import { kernelMemory } from "@nuwa/attention-3dna";
import { type Grid, imageGrid, Rng, tokenCount, videoGrid } from "@nuwa/tensor3d";
import { expectClose, expectNoLeak, useCpu } from "@nuwa/testing";
import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, describe, expect, test, vi } from "vitest";
import type { Condition } from "./condition.ts";
import type { EncoderDecoderInput } from "./config.ts";
import { loud, tinyConfig } from "./fixtures/tiny.ts";
import { generate, generateBatch } from "./generate.ts";
import { EncoderDecoder } from "./model.ts";
import { parallelSteps, sequentialSteps } from "./schedule.ts";
import { StepDecoder } from "./step-decoder.ts";

beforeAll(useCpu);

const text: Condition = { kind: "text", tokens: Int32Array.from([1, 4]) };
const none: Condition = { kind: "none" };
const sketch: Condition = {
  kind: "sketch",
  grid: imageGrid(2, 2),
  codes: Int32Array.from([0, 3, 1, 2]),
};

const image: Condition = { kind: "image", grid: imageGrid(2, 2), codes: Int32Array.from([6, 0, 3, 1]) };

const variants: {
  name: string;
  config: Partial<EncoderDecoderInput>;
  grid?: Grid;
  conditions?: Condition[];
}[] = [
  { name: "axes", config: {} },
  { name: "row", config: { shift: "row" } },
  { name: "raster", config: { shift: "raster" } },
  { name: "an image", config: {}, grid: imageGrid(3, 3) },
  { name: "axial", config: { decoderPattern: "axial" } },
  { name: "full", config: { decoderPattern: "full" } },
  {
    name: "shifted window",
    config: { decoderPattern: { kind: "nearby", extent: [3, 3, 3], border: "shift" } },
  },
  { name: "blocks", config: { decoderPattern: { kind: "block-sparse", block: [2, 2, 2] } } },
  { name: "relative bias", config: { relativeBias: true } },
  { name: "tied head", config: { tiedHead: true } },
  { name: "geglu", config: { feedForward: "geglu" } },
  { name: "swiglu", config: { feedForward: "swiglu" } },
  { name: "sandwich norm", config: { sandwichNorm: true } },
  { name: "rotary", config: { rotary: true, headDim: 8 } },
  { name: "a shared table", config: { inputTables: "shared", tiedHead: true } },
  { name: "an image as condition", config: { visualConditions: true }, conditions: [text, image, sketch] },
  { name: "narrow window", config: { decoderPattern: { kind: "nearby", extent: [1, 3, 3] } } },
];

describe.each(variants)(
  "$name",
  ({ config, grid = videoGrid(3, 3, 3), conditions = [text, none, sketch] }) => {
    const count = tokenCount(grid);

    test.each(["parallel", "sequential"] as const)(
      "the cached logits of %s steps equal those with given codes",
      (schedule) =>
        expectNoLeak(async () => {
          const model = loud(EncoderDecoder.create({ ...tinyConfig, ...config }, new Rng(1)), 2);
          const codes = conditions.map((_, row) => new Rng(3).fork(row).integers(count, 7));
          const targets = tf.tensor2d(
            codes.flatMap((row) => [...row]),
            [3, count],
            "int32",
          );
          const expected = model.logits({ conditions, targets, grid });
          const known = Uint8Array.from(new Rng(4).uniform(count), (value) => Number(value < 0.3));
          const options = { pattern: model.decoderPattern, grid, shift: model.config.shift, known };
          const steps = (schedule === "parallel" ? parallelSteps : sequentialSteps)(options);
          const decoder = new StepDecoder(model, grid, conditions, steps);
          for (const step of steps) {
            const actual = decoder.step(step, codes);
            const wanted = tf.tidy(() => tf.gather(expected, tf.tensor1d(step.unknown, "int32"), 1));
            await expectClose(actual, wanted, { atol: 1e-4 });
            tf.dispose([actual, wanted]);
          }
          decoder.dispose();
          tf.dispose([targets, expected]);
          model.dispose();
        }),
    );

    test("parallel and sequential steps give the same codes", () =>
      expectNoLeak(async () => {
        const seen = new Set<string>();
        for (let seed = 0; seed < 3; seed++) {
          const model = loud(EncoderDecoder.create({ ...tinyConfig, ...config }, new Rng(seed)), 2);
          const sampler = { temperature: 0.8, topK: 6, topP: 0.95, seed };
          const known = {
            mask: Uint8Array.from(new Rng(seed).uniform(count), (value) => Number(seed > 0 && value < 0.4)),
            codes: new Rng(seed).integers(count, 7),
          };
          const options = { conditions, grid, sampler, known, guidance: seed % 2 ? 2 : 1 };
          const parallel = await generateBatch(model, options);
          expect(await generateBatch(model, { ...options, schedule: "sequential" })).toEqual(parallel);
          for (const row of parallel) {
            seen.add(row.join());
            known.mask.forEach((given, token) => {
              if (given) expect(row[token]).toBe(known.codes[token]);
            });
          }
          model.dispose();
        }
        expect(seen.size).toBe(9); // the models do not ignore seeds and conditions
      }));
  },
);

describe("options", () => {
  const grid = videoGrid(2, 3, 2);
  const model = () => loud(EncoderDecoder.create(tinyConfig, new Rng(1)), 2);

  test("samples do not depend on how many are drawn, and seeds name single samples", () =>
    expectNoLeak(async () => {
      const own = model();
      const three = await generate(own, {
        condition: text,
        grid,
        sampler: { seed: 5 },
        samples: 3,
        guidance: 3,
      });
      const one = await generate(own, { condition: text, grid, sampler: { seed: 5 }, guidance: 3 });
      expect(three[0]).toEqual(one[0]);
      expect(three[1]).not.toEqual(three[0]);
      const batch = await generateBatch(own, { conditions: [none, text], grid, seeds: [9, 5], guidance: 3 });
      expect(batch[1]).toEqual(one[0]);
      own.dispose();
    }));

  test("temperature 0 takes the likeliest codes whatever the seed", () =>
    expectNoLeak(async () => {
      const own = model();
      const draw = (seed: number) =>
        generate(own, { condition: text, grid, sampler: { temperature: 0, seed } });
      expect(await draw(1)).toEqual(await draw(2));
      own.dispose();
    }));

  test("guidance by hand: the logits of the first token", () =>
    expectNoLeak(async () => {
      const own = model();
      const targets = tf.zeros([2, 12], "int32");
      const logits = own.logits({ conditions: [text, none], targets, grid });
      const [cond, uncond] = [0, 1].map((row) =>
        tf.tidy(() => tf.reshape(tf.slice(logits, [row, 0, 0], [1, 1, 7]), [7]).dataSync()),
      );
      const guided = Array.from(cond, (value, code) => uncond[code] + 4 * (value - uncond[code]));
      const likeliest = guided.indexOf(Math.max(...guided));
      const [codes] = await generate(own, {
        condition: text,
        grid,
        sampler: { temperature: 0 },
        guidance: 4,
      });
      expect(codes[0]).toBe(likeliest);
      tf.dispose([targets, logits]);
      own.dispose();
    }));

  test("onStep sees every step, and all tokens once", () =>
    expectNoLeak(async () => {
      const own = model();
      const seen: number[] = [];
      const counts: string[] = [];
      const onStep = ({ step, steps, tokens }: { step: number; steps: number; tokens: Int32Array }) => {
        seen.push(...tokens);
        counts.push(`${step}/${steps}`);
      };
      await generate(own, { condition: none, grid, onStep });
      expect(seen.sort((a, b) => a - b)).toEqual([...Array(12).keys()]);
      expect(counts).toEqual(counts.map((_, index) => `${index + 1}/${counts.length}`));
      own.dispose();
    }));

  test("everything known is returned as it is", async () => {
    const own = model();
    const known = { mask: new Uint8Array(12).fill(1), codes: new Rng(1).integers(12, 7) };
    expect(await generate(own, { condition: text, grid, known })).toEqual([known.codes]);
    own.dispose();
  });

  test("aborting rejects with the reason and frees everything", () =>
    expectNoLeak(async () => {
      const own = model();
      const controller = new AbortController();
      const started = generate(own, {
        condition: text,
        grid,
        signal: controller.signal,
        onStep: ({ step }) => step === 2 && controller.abort(new Error("enough")),
      });
      await expect(started).rejects.toThrow("enough");
      await expect(generate(own, { condition: text, grid, signal: controller.signal })).rejects.toThrow(
        "enough",
      );
      own.dispose();
    }));

  test("an error in onStep frees everything", () =>
    expectNoLeak(async () => {
      const own = model();
      const onStep = () => {
        throw new Error("from the caller");
      };
      await expect(generate(own, { condition: text, grid, onStep })).rejects.toThrow("from the caller");
      own.dispose();
    }));

  test("a condition that the model cannot read leaves nothing behind", () =>
    expectNoLeak(async () => {
      const own = model();
      const before = kernelMemory();
      const unread: Condition = { kind: "text", tokens: Int32Array.of(99) };
      await expect(generate(own, { condition: unread, grid })).rejects.toThrow("a text's tokens");
      expect(kernelMemory().kept).toBe(before.kept);
      own.dispose();
    }));

  test.each(["cache", "memory"] as const)("no room for a layer's %s leaves nothing behind", (kind) =>
    expectNoLeak(async () => {
      const own = model();
      const before = kernelMemory();
      const { selfAttention, crossAttention } = own.decoder.blocks[1];
      vi.spyOn(kind === "cache" ? selfAttention : crossAttention, kind).mockImplementation(() => {
        throw new Error("no room");
      });
      await expect(generate(own, { condition: text, grid })).rejects.toThrow("no room");
      expect(kernelMemory().kept).toBe(before.kept);
      own.dispose();
    }),
  );

  test.each([
    [{ sampler: { temperature: -1 } }, "temperature must be a number of at least 0, got -1"],
    [{ sampler: { topK: 0 } }, "topK must be a whole number"],
    [{ sampler: { topP: 0 } }, "topP must be a share"],
    [{ samples: 0 }, "at least one sample"],
    [{ guidance: Number.NaN }, "guidance must be a number"],
    [{ schedule: "random" as "parallel" }, 'got "random"'],
    [{ grid: videoGrid(9, 3, 2) }, "at most 3x3x3 tokens (height x width x frames), got 9x3x2"],
    [
      { known: { mask: new Uint8Array(3), codes: new Int32Array(12) } },
      "known.mask has one entry a token, 12, got 3",
    ],
    [
      { known: { mask: new Uint8Array(12), codes: new Int32Array(3) } },
      "known.codes has one entry a token, 12, got 3",
    ],
    [
      { known: { mask: new Uint8Array(12).fill(1), codes: new Int32Array(12).fill(7) } },
      "known codes lie in [0, 7), got 7",
    ],
    [{ condition: { kind: "text", tokens: Int32Array.of(99) } as Condition }, "a text's tokens lie in"],
  ])("%o is refused, and leaves nothing behind", (options, message) =>
    expectNoLeak(async () => {
      const own = model();
      await expect(generate(own, { condition: text, grid, ...options })).rejects.toThrow(message);
      own.dispose();
    }),
  );
});
