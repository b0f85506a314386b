import { ensureGradients, Rng, randomNormal, valueAndGradients } from "@nuwa/tensor3d";
import { expectClose, expectNoLeak, useCpu } from "@nuwa/testing";
import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, expect, test } from "vitest";
import { CosineQuantizer, type CosineQuantizerConfig } from "./cosine.ts";

beforeAll(async () => {
  await useCpu();
  ensureGradients();
});

const config: CosineQuantizerConfig = {
  kind: "cosine",
  codeCount: 3,
  dim: 2,
  codeDim: 2,
  commitment: 0.5,
  decay: 0.75,
  deadBelow: 0,
};

/** Codes along the axes: right, up, left. */
function axes(changes: Partial<CosineQuantizerConfig> = {}): CosineQuantizer {
  const quantizer = new CosineQuantizer({ ...config, ...changes }, new Rng(0));
  tf.tidy(() => quantizer.params.codebook.assign(tf.tensor2d([2, 0, 0, 4, -1, 0], [3, 2])));
  return quantizer;
}

test("angles decide, lengths do not; the lowest index on ties and for zero", () =>
  expectNoLeak(async () => {
    const quantizer = axes();
    const latents = tf.tensor2d([3, 4, 300, 100, -0.1, 0.01, 1, 1, 0, 0, 0, -5], [6, 2]);
    const { codes, quantized, loss } = quantizer.quantize(latents);
    await expectClose(codes, { shape: [6], data: [1, 0, 2, 0, 0, 0] }, {});
    await expectClose(
      quantized,
      { shape: [6, 2], data: [0, 1, 1, 0, -1, 0, 1, 0, 1, 0, 1, 0] },
      { atol: 1e-6 },
    );
    tf.dispose([latents, codes, quantized, loss]);
    quantizer.dispose();
  }));

test("the loss of a hand-worked case; its gradient turns latents and codes and keeps their lengths", () =>
  expectNoLeak(async () => {
    const quantizer = axes();
    const latents = tf.tidy(() => tf.variable(tf.tensor2d([3, 4], [1, 2])));
    const { codebook } = quantizer.params;
    const { value, gradients } = valueAndGradients(() => ({ loss: quantizer.quantize(latents).loss }), {
      latents,
      codebook,
    });
    // u = (0.6, 0.8), b = (0, 1): (1 + 0.5) · (0.36 + 0.04) / 2
    await expectClose(value.loss, { shape: [], data: [0.3] }, { atol: 1e-6 });
    // β (u − b) without its part along u, over ‖z‖ = 5: 0.5 · (0.48, −0.36) / 5
    await expectClose(gradients.latents, { shape: [1, 2], data: [0.048, -0.036] }, { atol: 1e-6 });
    // (b − u) without its part along b, over ‖B‖ = 4
    await expectClose(gradients.codebook, { shape: [3, 2], data: [0, 0, -0.15, 0, 0, 0] }, { atol: 1e-6 });
    tf.dispose([latents, value.loss, ...Object.values(gradients)]);
    quantizer.dispose();
  }));

test("a latent of length zero has finite gradients", () =>
  expectNoLeak(async () => {
    const quantizer = axes();
    const latents = tf.zeros([1, 2]);
    const gradient = tf.grad((z) => tf.sum(quantizer.quantize(z).quantized))(latents);
    expect((await gradient.data()).every(Number.isFinite)).toBe(true);
    tf.dispose([latents, gradient]);
    quantizer.dispose();
  }));

test("an update brings codes back to length 1 and restarts dead ones on the sphere", () =>
  expectNoLeak(async () => {
    const quantizer = axes({ deadBelow: 0.8 });
    const latents = tf.tensor2d([1, 0, 7, 0, 0, 2, 3, 4], [4, 2]);
    const codes = quantizer.codesOf(latents); // right, right, up, up: left is dead
    quantizer.update(latents, codes, new Rng(1));
    const expected = [1, 0, 0, 1, 0.6, 0.8];
    await expectClose(quantizer.params.codebook, { shape: [3, 2], data: expected }, { atol: 1e-6 });
    tf.dispose([latents, codes]);
    quantizer.dispose();
  }));

test("codes can be fitted to latents of another width", () =>
  expectNoLeak(async () => {
    const quantizer = new CosineQuantizer({ ...config, dim: 4 }, new Rng(0));
    const latents = randomNormal([9, 4], new Rng(1)) as tf.Tensor2D;
    await quantizer.initialise(latents, new Rng(1));
    const lengths = tf.tidy(() => tf.norm(quantizer.params.codebook, 2, 1));
    await expectClose(lengths, { shape: [3], data: [1, 1, 1] }, { atol: 1e-6 });
    const restored = tf.tidy(() => quantizer.latentsOf(quantizer.codesOf(latents)));
    expect(restored.shape).toEqual([9, 4]);
    const few = tf.slice(latents, 0, 2);
    await expect(quantizer.initialise(few, new Rng(1))).rejects.toThrow("at least as many rows as clusters");
    tf.dispose([latents, lengths, restored, few]);
    quantizer.dispose();
  }));
