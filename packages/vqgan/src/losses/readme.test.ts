import { readFile } from "node:fs/promises";
import { namedParams, Rng, valueAndGradients } from "@nuwa/tensor3d";
import { expectNoLeak, useCpu } from "@nuwa/testing";
import * as tf from "@tensorflow/tfjs-core";
import { expect, test } from "vitest";
import { PatchDiscriminator } from "../discriminator.ts";
import { VqModel } from "../model.ts";
import { adversarialSchedule } from "../training/adversarial-schedule.ts";
import { adaptiveWeight } from "./adaptive-weight.ts";
import { discriminatorLoss, generatorLoss } from "./adversarial.ts";
import { tokenizerLosses } from "./tokenizer-losses.ts";

test("the README's step runs, on a smaller model, and gives what it names", () =>
  expectNoLeak(async () => {
    await useCpu();
    const model = VqModel.create({
      resolution: 16,
      patch: 4,
      channels: [8],
      encoderBlocks: [0],
      decoderBlocks: [1],
      embeddingDim: 4,
      codebookSize: 8,
    });
    const discriminator = PatchDiscriminator.create({ layers: 2, width: 8 }, new Rng(2));
    const schedule = adversarialSchedule({ startStep: 200 });
    tf.tidy(() => {
      const pixels = tf.randomUniform<tf.Rank.R4>([2, 16, 16, 3], -1, 1, "float32", 1);
      const { trainsDiscriminator, weight } = schedule(549);
      const { codes } = model.encode(pixels);
      const features = model.decoder.features(model.quantizer.latentsOf(codes) as tf.Tensor4D);
      const decode = () => model.decoder.last(features);
      const lambda = adaptiveWeight({
        reconstruction: () => tokenizerLosses({ pixels, decoded: decode() }).loss,
        adversarial: () => generatorLoss(discriminator.apply(decode()), "hinge"),
        last: model.decoder.lastLayer.weight,
      });
      const adversarial = {
        discriminator,
        kind: "hinge",
        weight: tf.mul(lambda, weight) as tf.Scalar,
      } as const;
      const own = valueAndGradients(() => {
        const { quantized, loss: codebook } = model.quantizer.quantize(model.latents(pixels));
        const decoded = model.decoder.apply(quantized as tf.Tensor4D);
        const felt = weight > 0 ? adversarial : undefined;
        return { ...tokenizerLosses({ pixels, decoded, codebook, adversarial: felt }) };
      }, model.trainableParams());
      const decoded = decode();
      const against = valueAndGradients(
        () => ({ ...discriminatorLoss(discriminator.apply(pixels), discriminator.apply(decoded), "hinge") }),
        namedParams(discriminator),
      );
      expect(trainsDiscriminator).toBe(true);
      expect(weight).toBeCloseTo(0.05, 12);
      expect(Object.keys(own.value).sort()).toEqual([
        "adversarial",
        "codebook",
        "loss",
        "perceptual",
        "reconstruction",
        "weight",
      ]);
      expect(Object.keys(own.gradients)).toEqual(Object.keys(model.trainableParams()));
      expect(Object.keys(against.value).sort()).toEqual(["fake", "loss", "real"]);
    });
    model.dispose();
    discriminator.dispose();
  }));

test("the README's defaults are those of the code", async () => {
  const readme = await readFile(new URL("../../README.md", import.meta.url), "utf8");
  const at = adversarialSchedule({ startStep: 0, weight: 1 });
  expect(readme).toContain("`leadSteps` (100)");
  expect(readme).toContain("`warmupSteps` (500)");
  expect([at(99).weight, at(100).weight, at(598).weight, at(599).weight]).toEqual([0, 1 / 500, 499 / 500, 1]);
  const discriminator = PatchDiscriminator.create();
  expect(readme).toContain(`GroupNorm (\`groups\` ${discriminator.config.groups})`);
  discriminator.dispose();
});
