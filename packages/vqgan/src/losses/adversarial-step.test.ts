import { closeWebgpu } from "@nuwa/backends/webgpu";
import { AdamW, namedParams, under, valueAndGradients } from "@nuwa/tensor3d";
import { expectClose, expectNoLeak } from "@nuwa/testing";
import * as tf from "@tensorflow/tfjs-core";
import { afterAll, expect, test } from "vitest";
import { importPatchGan, patchGanName } from "../checkpoints/patch-gan.ts";
import { importTaming } from "../checkpoints/taming.ts";
import { tamingName } from "../checkpoints/taming-names.ts";
import { allBackends } from "../fixtures/backends.ts";
import { readGolden } from "../fixtures/golden.ts";
import { drawPixels, type HashedWeights, hashedWeights } from "../fixtures/hashed-weights.ts";
import { largestSketchError, type Sketching } from "../fixtures/sketch.ts";
import { adaptiveWeight } from "./adaptive-weight.ts";
import { discriminatorLoss, generatorLoss } from "./adversarial.ts";
import { lpipsHeads } from "./lpips-heads.ts";
import { tokenizerLosses } from "./tokenizer-losses.ts";
import { Vgg16Features } from "./vgg16.ts";

// tooling/oracle/adversarial_step.py wrote the fixture: taming-transformers' modules and PyTorch, in double precision.
const { golden, metadata } = readGolden("adversarial-step.safetensors");
const [seed, run, whole] = ["seed", "run", "whole"].map((key) => Number(metadata[key]));
const weights: Record<"generator" | "discriminator" | "vgg", HashedWeights> = JSON.parse(metadata.weights);
const discriminatorConfig = JSON.parse(metadata.discriminator);
const { lr: rate, betas, eps: epsilon } = JSON.parse(metadata.adam);
const adam = { beta1: betas[0], beta2: betas[1], epsilon, weightDecay: 0 };
const config = {
  ...JSON.parse(metadata.config),
  quantizer: { kind: "codebook", commitment: Number(metadata.commitment) },
};

const LIMIT = 1e-3;
const sketching = { seed, run, whole };
const generator: Sketching = { ...sketching, nameOf: tamingName };
const ofDiscriminator: Sketching = {
  ...sketching,
  nameOf: (key) => patchGanName(key, { norm: "group", ...discriminatorConfig }),
};

afterAll(closeWebgpu);

test.for(Object.entries(allBackends))(
  "on %s one step with every loss is PyTorch's: losses, all gradients, all updates",
  { timeout: 300_000 },
  async ([, use], context) => {
    await use(context);
    await expectNoLeak(async () => {
      const model = importTaming(hashedWeights(seed, weights.generator), config);
      const discriminator = importPatchGan(
        discriminatorConfig,
        hashedWeights(seed + 1, weights.discriminator),
      );
      const network = new Vgg16Features(hashedWeights(seed + 2, weights.vgg));
      const perceptual = { network, heads: lpipsHeads(under(golden, "heads.")) };
      const pixels = drawPixels(seed, JSON.parse(metadata.pixels));
      const given = { pixels, perceptual, reconstruction: "l1" } as const;
      const decode = () => model.decoder.apply(model.quantizer.latentsOf(codes) as tf.Tensor4D);

      let { codes } = model.encode(pixels);
      await expectClose(codes, golden.codes, {});
      const weight = adaptiveWeight({
        reconstruction: () => tokenizerLosses({ ...given, decoded: decode() }).loss,
        adversarial: () => generatorLoss(discriminator.apply(decode()), "hinge"),
        last: model.decoder.head.params.weight,
      });
      const own = valueAndGradients(() => {
        const { quantized, loss: codebook } = model.quantizer.quantize(model.latents(pixels));
        const decoded = model.decoder.apply(quantized as tf.Tensor4D);
        const adversarial = { discriminator, kind: "hinge", weight } as const;
        return { ...tokenizerLosses({ ...given, decoded, codebook, adversarial }) };
      }, model.trainableParams());
      await expectScalars(own.value, "generator");
      await expectStep(model.trainableParams(), own.gradients, "generator", generator);

      codes.dispose();
      codes = model.encode(pixels).codes;
      await expectClose(codes, golden.codesAfter, {});
      const decoded = tf.tidy(decode);
      const against = valueAndGradients(
        () => ({ ...discriminatorLoss(discriminator.apply(pixels), discriminator.apply(decoded), "hinge") }),
        namedParams(discriminator),
      );
      await expectScalars(against.value, "discriminator");
      await expectStep(namedParams(discriminator), against.gradients, "discriminator", ofDiscriminator);

      tf.dispose([pixels, codes, weight, decoded, perceptual.heads]);
      for (const { value, gradients } of [own, against]) tf.dispose([{ ...value }, gradients]);
      for (const layer of [model, discriminator, network]) layer.dispose();
    });
  },
);

async function expectScalars(values: Readonly<Record<string, tf.Tensor>>, prefix: string): Promise<void> {
  for (const [name, value] of Object.entries(values)) {
    await expectClose(value, golden[`${prefix}.${name}`], { rtol: LIMIT });
  }
}

/** Compares the gradients, takes Adam's step, and compares how far every parameter went. */
async function expectStep(
  params: Readonly<Record<string, tf.Variable>>,
  gradients: Readonly<Record<string, tf.Tensor>>,
  prefix: string,
  how: Sketching,
): Promise<void> {
  const expected = under(golden, `${prefix}.gradient.`);
  // Some are 0 but for rounding, those of biases before norms of single channels; the others are far larger than the floor.
  expect(await largestSketchError(gradients, expected, 1e-3, how)).toBeLessThan(LIMIT);
  const before = Object.entries(params).map(([key, param]) => [key, tf.add(param, 0)] as const);
  const optimizer = new AdamW(params, adam);
  optimizer.step(gradients, rate).dispose();
  optimizer.dispose();
  const moved = tf.tidy(() =>
    Object.fromEntries(before.map(([key, old]) => [key, tf.sub(params[key], old)])),
  );
  const wanted = under(golden, `${prefix}.moved.`);
  const error = await largestSketchError(moved, wanted, 1, how);
  expect(error).toBeLessThan(LIMIT);
  tf.dispose([moved, before.map(([, old]) => old)]);
}
