import { ensureGradients, Rng, randomNormal } from "@nuwa/tensor3d";
import { expectClose, expectNoLeak, useCpu } from "@nuwa/testing";
import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, expect, test } from "vitest";
import { LfqQuantizer, type LfqQuantizerConfig } from "./lfq.ts";

beforeAll(async () => {
  await useCpu();
  ensureGradients();
});

const config: LfqQuantizerConfig = {
  kind: "lfq",
  dim: 2,
  codeDim: 2,
  commitment: 0.5,
  entropy: 0,
  diversity: 1,
  temperature: 1,
};

function lfq(changes: Partial<LfqQuantizerConfig> = {}): LfqQuantizer {
  return new LfqQuantizer({ ...config, ...changes }, new Rng(0));
}

test("signs, codes and commitment of a hand-worked case; zero counts as negative", () =>
  expectNoLeak(async () => {
    const quantizer = lfq();
    const latents = tf.tensor2d([0.5, -2, 0, 3], [2, 2]);
    const { codes, quantized, loss } = quantizer.quantize(latents);
    await expectClose(codes, { shape: [2], data: [1, 2] }, {});
    await expectClose(quantized, { shape: [2, 2], data: [1, -1, -1, 1] }, {});
    // 0.5 · (0.25 + 1 + 1 + 4) / 4
    await expectClose(loss, { shape: [], data: [0.78125] }, { atol: 1e-6 });
    const restored = quantizer.latentsOf(codes);
    await expectClose(restored, quantized, {});
    const weights = tf.tensor2d([2, 3, 5, 7], [2, 2]);
    const straight = tf.grad((z) => tf.sum(tf.mul(quantizer.quantize(z).quantized, weights)))(latents);
    await expectClose(straight, weights, {});
    // 2 β (z − sign z) / 4
    const gradient = tf.grad((z) => quantizer.quantize(z).loss)(latents);
    await expectClose(gradient, { shape: [2, 2], data: [-0.125, -0.25, 0.25, 0.5] }, { atol: 1e-6 });
    tf.dispose([latents, codes, quantized, loss, restored, weights, straight, gradient]);
    quantizer.dispose();
  }));

test.each([
  [1, 0.5623351 - Math.LN2],
  [0, 0.5623351],
  [2, 0.5623351 - 2 * Math.LN2],
])("the entropies of a hand-worked case, diversity %d", (diversity, expected) =>
  expectNoLeak(async () => {
    // σ(4z/τ) = 3/4 and 1/4, each of entropy 0.5623; their mean 1/2 has ln 2.
    const temperature = 4 / Math.log(3);
    const quantizer = lfq({ dim: 1, codeDim: 1, commitment: 0, entropy: 1, diversity, temperature });
    const latents = tf.tensor2d([1, -1], [2, 1]);
    const { codes, quantized, loss } = quantizer.quantize(latents);
    await expectClose(loss, { shape: [], data: [expected] }, { atol: 1e-6 });
    tf.dispose([latents, codes, quantized, loss]);
    quantizer.dispose();
  }),
);

test("far from zero the entropies stay finite, and so do their gradients", () =>
  expectNoLeak(async () => {
    const quantizer = lfq({ commitment: 0, entropy: 1, temperature: 0.01 });
    const latents = tf.tensor2d([100, -100, 100, 100], [2, 2]);
    const { codes, quantized, loss } = quantizer.quantize(latents);
    // Both dimensions are certain for each latent; over the batch only the second one varies.
    await expectClose(loss, { shape: [], data: [-Math.LN2] }, { atol: 1e-6 });
    const gradient = tf.grad((z) => quantizer.quantize(z).loss)(latents);
    await expectClose(gradient, { shape: [2, 2], data: [0, 0, 0, 0] }, { atol: 1e-6 });
    tf.dispose([latents, codes, quantized, loss, gradient]);
    quantizer.dispose();
  }));

test("every code goes to signs and back", () =>
  expectNoLeak(async () => {
    const quantizer = lfq({ dim: 10, codeDim: 10 });
    expect(quantizer.codeCount).toBe(1024);
    const codes = tf.range(0, 1024, 1, "int32");
    const back = tf.tidy(() => quantizer.codesOf(quantizer.latentsOf(codes)));
    await expectClose(back, codes, {});
    tf.dispose([codes, back]);
    quantizer.dispose();
  }));

test("nothing as large as latents times codes is held, also with the gradient and the use of codes", () =>
  expectNoLeak(async () => {
    const quantizer = lfq({ dim: 16, codeDim: 16, entropy: 0.1 });
    const latents = randomNormal([64, 16], new Rng(1));
    const { peakBytes } = await tf.profile(() =>
      tf.tidy(() => {
        tf.grad((z) => quantizer.quantize(z).loss)(latents);
        const codes = quantizer.codesOf(latents);
        quantizer.codeUse(codes);
        quantizer.update(latents, codes);
      }),
    );
    expect(peakBytes).toBeLessThan((64 * 2 ** 16 * 4) / 4);
    latents.dispose();
    quantizer.dispose();
  }));

test("too many codes and wrong inputs are refused", () => {
  const wanted = "LfqQuantizer codeDim: wanted a whole number from 1 to 24, got";
  for (const codeDim of [25, 0, 2.5]) expect(() => lfq({ codeDim })).toThrow(`${wanted} ${codeDim}`);
  const quantizer = lfq({ dim: 3 });
  tf.tidy(() => {
    expect(() => quantizer.quantize(tf.zeros([4, 2]))).toThrow("LfqQuantizer latents: wanted the shape");
    expect(() => quantizer.latentsOf(tf.zeros([4]))).toThrow("LfqQuantizer codes: wanted int32");
  });
  quantizer.dispose();
});
