import { ensureGradients, Rng } from "@nuwa/tensor3d";
import { expectClose, expectNoLeak, useCpu } from "@nuwa/testing";
import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, expect, test } from "vitest";
import { EmaQuantizer, type EmaQuantizerConfig } from "./ema.ts";

beforeAll(async () => {
  await useCpu();
  ensureGradients();
});

const config: EmaQuantizerConfig = {
  kind: "ema",
  codeCount: 3,
  dim: 2,
  commitment: 0.5,
  decay: 0.75,
  epsilon: 0.01,
  deadBelow: 0,
};

function quantizerWith(codebook: number[], changes: Partial<EmaQuantizerConfig> = {}): EmaQuantizer {
  const quantizer = new EmaQuantizer({ ...config, ...changes }, new Rng(0));
  tf.tidy(() => {
    quantizer.params.codebook.assign(tf.tensor2d(codebook, [3, 2]));
    quantizer.params.sums.assign(tf.tensor2d(codebook, [3, 2]));
  });
  return quantizer;
}

test("codes, quantized latents and commitment of a hand-worked case", () =>
  expectNoLeak(async () => {
    const quantizer = quantizerWith([0, 0, 1, 0, 0, 2]);
    const latents = tf.tensor3d([
      [
        [0.75, 0],
        [0, 1.5],
      ],
    ]);
    const { codes, quantized, loss } = quantizer.quantize(latents);
    expect(codes.dtype).toBe("int32");
    await expectClose(codes, { shape: [1, 2], data: [1, 2] }, {});
    await expectClose(quantized, { shape: [1, 2, 2], data: [1, 0, 0, 2] }, {});
    // 0.5 · (0.25² + 0.5²) / 4
    await expectClose(loss, { shape: [], data: [0.0390625] }, { atol: 1e-7 });
    tf.dispose([latents, codes, quantized, loss]);
    quantizer.dispose();
  }));

test("the gradient goes straight through, plus the commitment's own", () =>
  expectNoLeak(async () => {
    const quantizer = quantizerWith([0, 0, 1, 0, 0, 2]);
    const latents = tf.tensor2d([
      [0.75, 0],
      [0, 1.5],
    ]);
    const weights = tf.tensor2d([
      [2, 3],
      [5, 7],
    ]);
    const straight = tf.grad((z) => tf.sum(tf.mul(quantizer.quantize(z).quantized, weights)))(latents);
    await expectClose(straight, weights, {});
    const commitment = tf.grad((z) => quantizer.quantize(z).loss)(latents);
    // 2 · 0.5 · (z − B) / 4
    await expectClose(commitment, { shape: [2, 2], data: [-0.0625, 0, 0, -0.125] }, { atol: 1e-7 });
    tf.dispose([latents, weights, straight, commitment]);
    quantizer.dispose();
  }));

test("running means agree with a slow loop over three updates", () =>
  expectNoLeak(async () => {
    const quantizer = new EmaQuantizer({ ...config, codeCount: 5, dim: 3 }, new Rng(2));
    const { decay, epsilon } = config;
    const counts = new Array<number>(5).fill(1);
    const sums = [...(await quantizer.params.sums.data())];
    let codebook = [...(await quantizer.params.codebook.data())];
    const rng = new Rng(9);
    for (let step = 0; step < 3; step++) {
      const data = rng.normal(8 * 3);
      const latents = tf.tensor(data, [2, 4, 3]);
      const codes = quantizer.codesOf(latents);
      quantizer.update(latents, codes, rng);

      const batchCounts = new Array<number>(5).fill(0);
      const batchSums = new Array<number>(15).fill(0);
      for (let row = 0; row < 8; row++) {
        let best = 0;
        let bestDistance = Number.POSITIVE_INFINITY;
        for (let code = 0; code < 5; code++) {
          let distance = 0;
          for (let axis = 0; axis < 3; axis++)
            distance += (data[row * 3 + axis] - codebook[code * 3 + axis]) ** 2;
          if (distance < bestDistance) [best, bestDistance] = [code, distance];
        }
        expect((await codes.data())[row]).toBe(best);
        batchCounts[best]++;
        for (let axis = 0; axis < 3; axis++) batchSums[best * 3 + axis] += data[row * 3 + axis];
      }
      for (let code = 0; code < 5; code++)
        counts[code] = decay * counts[code] + (1 - decay) * batchCounts[code];
      for (let entry = 0; entry < 15; entry++) {
        sums[entry] = decay * sums[entry] + (1 - decay) * batchSums[entry];
      }
      const total = counts.reduce((sum, count) => sum + count, 0);
      const smoothed = counts.map((count) => ((count + epsilon) / (total + 5 * epsilon)) * total);
      codebook = sums.map((sum, entry) => sum / smoothed[Math.floor(entry / 3)]);
      tf.dispose([latents, codes]);
    }
    await expectClose(quantizer.params.counts, { shape: [5], data: counts }, { atol: 1e-5 });
    await expectClose(quantizer.params.sums, { shape: [5, 3], data: sums }, { atol: 1e-5 });
    await expectClose(quantizer.params.codebook, { shape: [5, 3], data: codebook }, { atol: 1e-4 });
    quantizer.dispose();
  }));

test("a dead code restarts at a latent of the batch, a live one does not", () =>
  expectNoLeak(async () => {
    const quantizer = quantizerWith([0, 0, 1, 0, 50, 50], { deadBelow: 0.8 });
    const latents = tf.tensor2d([
      [0.1, 0],
      [0.9, 0],
      [0.1, 0],
      [0.9, 0],
    ]);
    const codes = quantizer.codesOf(latents);
    quantizer.update(latents, codes, new Rng(4)); // counts: 0.75 + 0.5, 0.75 + 0.5, 0.75
    await expectClose(quantizer.params.counts, { shape: [3], data: [1.25, 1.25, 0.5] }, { atol: 1e-6 });
    const codebook = await quantizer.params.codebook.data();
    expect([0.1, 0.9].map((value) => Math.fround(value))).toContain(codebook[4]);
    expect(codebook[5]).toBe(0);
    expect(codebook[0]).toBeLessThan(0.1);
    tf.dispose([latents, codes]);
    quantizer.dispose();
  }));

test.each([1, 2, 3])("dead codes restart where the error is, each at another latent, seed %i", (seed) =>
  expectNoLeak(async () => {
    const quantizer = quantizerWith([0, 0, 50, 50, 60, 60], { deadBelow: 0.8 });
    const latents = tf.tensor2d([
      [0, 0],
      [0, 0],
      [0, 0],
      [3, 0],
      [0, 0],
      [0, 4],
    ]);
    const codes = quantizer.codesOf(latents); // all code 0
    quantizer.update(latents, codes, new Rng(seed));
    const codebook = [...(await quantizer.params.codebook.data())];
    expect([codebook.slice(2, 4).join(), codebook.slice(4, 6).join()].sort()).toEqual(["0,4", "3,0"]);
    tf.dispose([latents, codes]);
    quantizer.dispose();
  }),
);

test("codes can be fitted to latents", () =>
  expectNoLeak(async () => {
    const quantizer = new EmaQuantizer(config, new Rng(0));
    const latents = tf.tensor2d([
      [5, 5],
      [-5, 5],
      [5, 5],
      [0, -5],
      [-5, 5],
      [5, 5],
    ]);
    await quantizer.initialise(latents, new Rng(1));
    const restored = tf.tidy(() => quantizer.latentsOf(quantizer.codesOf(latents)));
    await expectClose(restored, latents, { atol: 1e-5 });
    // Counts of 6 latents a batch, twice the codes: 3, 2 and 1.
    expect([...(await quantizer.params.counts.data())].sort()).toEqual([1, 2, 3]);
    tf.dispose([latents, restored]);
    quantizer.dispose();
  }));

test("perplexity and usage", () =>
  expectNoLeak(async () => {
    const quantizer = quantizerWith([0, 0, 1, 0, 0, 2]);
    const codes = tf.tensor2d(
      [
        [0, 2],
        [2, 0],
      ],
      undefined,
      "int32",
    );
    const { perplexity, usage, dead } = quantizer.codeUse(codes);
    await expectClose(perplexity, { shape: [], data: [2] }, { atol: 1e-5 });
    await expectClose(usage, { shape: [], data: [2 / 3] }, { atol: 1e-6 });
    await expectClose(dead, { shape: [], data: [0] }, {});
    tf.dispose([codes, perplexity, usage, dead]);
    quantizer.dispose();
  }));

test("wrong inputs are named", () => {
  const quantizer = new EmaQuantizer(config, new Rng(0));
  tf.tidy(() => {
    expect(() => quantizer.quantize(tf.zeros([4, 3]))).toThrow(
      "EmaQuantizer latents: wanted the shape [..., 2]",
    );
    expect(() => quantizer.latentsOf(tf.zeros([4]))).toThrow("EmaQuantizer codes: wanted int32, got float32");
  });
  quantizer.dispose();
});
