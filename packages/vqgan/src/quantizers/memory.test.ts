import { ensureGradients, Rng, randomNormal } from "@nuwa/tensor3d";
import { expectNoLeak, useCpu } from "@nuwa/testing";
import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, expect, test } from "vitest";
import { type QuantizerConfig, quantizerSchema } from "./config.ts";
import { createQuantizer } from "./create.ts";

beforeAll(async () => {
  await useCpu();
  ensureGradients();
});

const [latentCount, codeCount, dim] = [64, 4096, 12];

test.each([
  { kind: "ema" },
  { kind: "codebook" },
  { kind: "cosine", codeDim: 12 },
  { kind: "fsq", levels: [8, 8, 8, 8] },
  { kind: "lfq", codeDim: 12 },
])("a training step of $kind holds nothing of size latents × codes × dim, and leaves nothing", (input) =>
  expectNoLeak(async () => {
    const config = quantizerSchema.parse(input) as QuantizerConfig;
    const quantizer = createQuantizer(
      { quantizer: config, codebookSize: codeCount, embeddingDim: dim },
      new Rng(0),
    );
    expect(quantizer.codeCount).toBe(codeCount);
    const latents = randomNormal([latentCount, dim], new Rng(1));
    const before = tf.memory().numTensors;
    const { peakBytes } = await tf.profile(() =>
      tf.tidy(() => {
        const codes = quantizer.codesOf(latents);
        tf.grad((z) => {
          const { quantized, loss } = quantizer.quantize(z);
          return tf.add(loss, tf.sum(quantized));
        })(latents);
        quantizer.codeUse(codes);
        quantizer.update(latents, codes, new Rng(2));
        quantizer.latentsOf(codes);
        quantizer.continuous(latents);
      }),
    );
    expect(tf.memory().numTensors).toBe(before);
    expect(peakBytes).toBeLessThan((latentCount * codeCount * dim * 4) / 2);
    latents.dispose();
    quantizer.dispose();
  }),
);
