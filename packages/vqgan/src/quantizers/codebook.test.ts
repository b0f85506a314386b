import { Rng, valueAndGradients } from "@nuwa/tensor3d";
import { expectClose, expectNoLeak, useCpu } from "@nuwa/testing";
import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, expect, test } from "vitest";
import { CodebookQuantizer, type CodebookQuantizerConfig } from "./codebook.ts";

beforeAll(useCpu);

const config: CodebookQuantizerConfig = {
  kind: "codebook",
  codeCount: 3,
  dim: 2,
  commitment: 0.5,
  decay: 0.75,
  deadBelow: 0,
};

function quantizerWith(codes: number[], changes: Partial<CodebookQuantizerConfig> = {}): CodebookQuantizer {
  const quantizer = new CodebookQuantizer({ ...config, ...changes }, new Rng(0));
  tf.tidy(() => quantizer.params.codebook.assign(tf.tensor2d(codes, [3, 2])));
  return quantizer;
}

test("codes, quantized latents and loss of a hand-worked case, the lowest index on ties", () =>
  expectNoLeak(async () => {
    const quantizer = quantizerWith([0, 0, 1, 0, 0, 2]);
    const latents = tf.tensor2d([0.75, 0, 0, 1.5], [2, 2]);
    const { codes, quantized, loss } = quantizer.quantize(latents);
    await expectClose(codes, { shape: [2], data: [1, 2] }, {});
    await expectClose(quantized, { shape: [2, 2], data: [1, 0, 0, 2] }, {});
    // (1 + 0.5) · (0.25² + 0.5²) / 4
    await expectClose(loss, { shape: [], data: [0.1171875] }, { atol: 1e-7 });
    const between = tf.tensor2d([0.5, 0, 0, 1], [2, 2]);
    const lowest = quantizer.codesOf(between);
    await expectClose(lowest, { shape: [2], data: [0, 0] }, {});
    tf.dispose([latents, codes, quantized, loss, between, lowest]);
    quantizer.dispose();
  }));

test.each([0, 0.5])("β weighs the gradient of the latents, not of the codes: %d", (commitment) =>
  expectNoLeak(async () => {
    const quantizer = quantizerWith([0, 0, 1, 0, 0, 2], { commitment });
    const latents = tf.tidy(() => tf.variable(tf.tensor2d([0.75, 0, 0, 1.5], [2, 2])));
    const { codebook } = quantizer.params;
    const { value, gradients } = valueAndGradients(() => ({ loss: quantizer.quantize(latents).loss }), {
      latents,
      codebook,
    });
    // 2 (B − z) / 4 for each latent of the code, and 2 β (z − B) / 4
    await expectClose(gradients.codebook, { shape: [3, 2], data: [0, 0, 0.125, 0, 0, 0.25] }, {});
    const expected = [-0.125 * commitment, 0, 0, -0.25 * commitment];
    await expectClose(gradients.latents, { shape: [2, 2], data: expected }, { atol: 1e-7 });
    tf.dispose([latents, value.loss, ...Object.values(gradients)]);
    quantizer.dispose();
  }),
);

test("a dead code restarts at a latent with a large error, a live one does not", () =>
  expectNoLeak(async () => {
    const quantizer = quantizerWith([0, 0, 1, 0, 50, 50], { deadBelow: 0.8 });
    const latents = tf.tensor2d([0, 0, 1, 0, 1, 3, 0, 0, 1, 0, 0, 0], [6, 2]);
    const codes = quantizer.codesOf(latents);
    const { dead, ...use } = quantizer.codeUse(codes);
    await expectClose(dead, { shape: [], data: [1] }, {});
    quantizer.update(latents, codes, new Rng(4)); // counts: 0.75 + 0.75, 0.75 + 0.75, 0.75
    await expectClose(quantizer.params.counts, { shape: [3], data: [1.5, 1.5, 0.5] }, { atol: 1e-6 });
    await expectClose(quantizer.params.codebook, { shape: [3, 2], data: [0, 0, 1, 0, 1, 3] }, {});
    tf.dispose([latents, codes, dead, ...Object.values(use)]);
    quantizer.dispose();
  }));

test("with deadBelow 0 no code restarts, but dead ones are counted", () =>
  expectNoLeak(async () => {
    const quantizer = quantizerWith([0, 0, 1, 0, 50, 50], { decay: 0.02 });
    const latents = tf.tensor2d([0, 0, 1, 0], [2, 2]);
    const codes = quantizer.codesOf(latents);
    const use = quantizer.codeUse(codes);
    await expectClose(use.dead, { shape: [], data: [1] }, {});
    quantizer.update(latents, codes, new Rng(4));
    await expectClose(quantizer.params.codebook, { shape: [3, 2], data: [0, 0, 1, 0, 50, 50] }, {});
    tf.dispose([latents, codes, ...Object.values(use)]);
    quantizer.dispose();
  }));

test("codes can be fitted to latents", () =>
  expectNoLeak(async () => {
    const quantizer = new CodebookQuantizer(config, new Rng(0));
    const latents = tf.tensor2d([5, 5, -5, 5, 5, 5, 0, -5, -5, 5, 5, 5], [6, 2]);
    await quantizer.initialise(latents, new Rng(1));
    const restored = tf.tidy(() => quantizer.latentsOf(quantizer.codesOf(latents)));
    await expectClose(restored, latents, { atol: 1e-5 });
    expect([...(await quantizer.params.counts.data())].sort()).toEqual([1, 2, 3]);
    tf.dispose([latents, restored]);
    quantizer.dispose();
  }));

test("wrong inputs are named", () => {
  const quantizer = new CodebookQuantizer(config, new Rng(0));
  tf.tidy(() => {
    expect(() => quantizer.quantize(tf.zeros([4, 3]))).toThrow("CodebookQuantizer latents: wanted the shape");
    expect(() => quantizer.latentsOf(tf.zeros([4]))).toThrow("CodebookQuantizer codes: wanted int32");
  });
  quantizer.dispose();
});
