import { Rng, valueAndGradients } from "@nuwa/tensor3d";
import { expectClose, expectNoLeak, useCpu } from "@nuwa/testing";
import * as tf from "@tensorflow/tfjs-core";
import { describe, expect, test } from "vitest";
import { PatchDiscriminator } from "../discriminator.ts";
import { backends } from "../fixtures/backends.ts";
import { flatPatches } from "../fixtures/flat-patches.ts";
import { forwardPass } from "../forward-pass.ts";
import { adaptiveWeight } from "../losses/adaptive-weight.ts";
import { generatorLoss } from "../losses/adversarial.ts";
import { type FeatureNetwork, perceptualDistance } from "../losses/perceptual.ts";
import { VqModel } from "../model.ts";
import { generatorStep } from "./generator-step.ts";
import type { AdversarialPull, OutputAims } from "./output-loss.ts";

const local = { patch: 4, channels: [12], encoderBlocks: [1], decoderBlocks: [1] };
const taming = {
  architecture: "taming",
  channels: 32,
  multipliers: [1, 2],
  blocks: 1,
  latentDim: 8,
  middleAttention: false,
} as const;
const common = { kind: "vq-gan", resolution: 8, inChannels: 1, embeddingDim: 4, codebookSize: 6 } as const;
const quantizer = { kind: "codebook" } as const;

const network: FeatureNetwork = {
  name: "squares",
  features: (pixels) => [tf.concat([tf.square(pixels), pixels], 3)],
};

const models = { local: { ...local, ...common, quantizer }, taming: { ...taming, ...common, quantizer } };

describe.each(["wasm", "node"] as const)("on %s", (backend) => {
  test.for([
    ["local", "hinge", true, true],
    ["local", "log", false, true],
    ["taming", "hinge", true, true],
    ["taming", "log", true, false],
  ] as const)(
    "%s, %s, adaptive %s, perceptual %s: as the sum of all terms",
    async ([name, kind, adaptive, looks], context) => {
      await backends[backend](context);
      await expectNoLeak(async () => {
        const model = VqModel.create(models[name], new Rng(1));
        const discriminator = PatchDiscriminator.create({ inChannels: 1, width: 8, layers: 1 }, new Rng(2));
        const pixels = flatPatches(new Rng(3));
        const params = model.trainableParams();
        const perceptual = looks ? { network, weight: 0.5 } : undefined;
        const adversarial: AdversarialPull = { discriminator, kind, weight: 0.3, adaptive };
        const aims: OutputAims = { target: pixels, perceptual, adversarial };
        const { losses, gradients } = tf.tidy(() => {
          const step = generatorStep(model, () => forwardPass(model, pixels, true), aims, params, {
            allowUnused: false,
          });
          return { losses: { ...step.losses }, gradients: step.gradients };
        });

        const likeness = (): tf.Scalar => {
          const { decoded } = forwardPass(model, pixels, true);
          const reconstruction = model.reconstructionLoss(decoded, pixels);
          if (!looks) return reconstruction;
          return tf.add(reconstruction, tf.mul(tf.mean(perceptualDistance(network, decoded, pixels)), 0.5));
        };
        const passing = (): tf.Scalar =>
          generatorLoss(discriminator.apply(forwardPass(model, pixels, true).decoded), kind);
        const last = model.decoder.lastLayer.weight;
        const scale = adaptive
          ? adaptiveWeight({ reconstruction: likeness, adversarial: passing, last })
          : tf.scalar(1);
        const expected = valueAndGradients(
          () => ({
            loss: tf.addN<tf.Scalar>([
              likeness(),
              forwardPass(model, pixels, true).commitment,
              tf.mul(passing(), tf.mul(scale, 0.3)),
            ]),
          }),
          params,
        );

        await expectClose(losses.loss, expected.value.loss, { rtol: 1e-5 });
        const weight = tf.tidy(() => tf.mul(scale, 0.3));
        await expectClose(losses.adversarialWeight!, weight, { rtol: 1e-4 });
        expect(losses.perceptual === undefined).toBe(!looks);
        for (const [param, gradient] of Object.entries(gradients)) {
          await expectClose(gradient, expected.gradients[param], { rtol: 1e-4, atol: 1e-6 });
        }
        tf.dispose([pixels, scale, weight, ...Object.values(losses), ...Object.values(gradients)]);
        tf.dispose([expected.value.loss, ...Object.values(expected.gradients)]);
        discriminator.dispose();
        model.dispose();
      });
    },
  );
});

test("an error in what is asked of the output leaves nothing behind", async () => {
  await useCpu();
  await expectNoLeak(() => {
    const model = VqModel.create(models.local, new Rng(1));
    const pixels = flatPatches(new Rng(3));
    const broken = { name: "broken", features: () => [tf.zeros([1])] };
    const aims = { target: pixels, perceptual: { network: broken } };
    const step = () =>
      tf.tidy(() => {
        generatorStep(model, () => forwardPass(model, pixels, true), aims, model.trainableParams(), {
          allowUnused: false,
        });
      });
    expect(step).toThrow();
    pixels.dispose();
    model.dispose();
  });
});
