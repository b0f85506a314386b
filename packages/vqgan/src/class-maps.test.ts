import { namedParams, Rng, valueAndGradients } from "@nuwa/tensor3d";
import { expectClose, expectNoLeak, useCpu } from "@nuwa/testing";
import * as tf from "@tensorflow/tfjs-core";
import { describe, expect, test } from "vitest";
import type { VqConfigInput } from "./config.ts";
import { backends } from "./fixtures/backends.ts";
import { drawnMaps } from "./fixtures/drawn-maps.ts";
import { onHost } from "./fixtures/flat-patches.ts";
import { VqModel } from "./model.ts";
import { TokenizerTrainer } from "./training/trainer.ts";

const seg = { kind: "vq-gan-seg", resolution: 8, embeddingDim: 4, codebookSize: 8 } as const;
const local = { ...seg, patch: 2, channels: [6], encoderBlocks: [1], decoderBlocks: [1] };
const taming = {
  ...seg,
  architecture: "taming",
  channels: 32,
  multipliers: [1, 1],
  blocks: 1,
  latentDim: 4,
} as const;
const architectures = { local, taming };

/**
 * Two classes, a code each pixel: class c is encoded to (1, −1) or (−1, 1), which is code 1 − c; the decoder doubles the
 * first channel and adds a half to the second one.
 */
function handMade(): VqModel {
  const model = VqModel.create({
    kind: "vq-gan-seg",
    classes: 2,
    resolution: 2,
    patch: 1,
    channels: [2],
    encoderBlocks: [0],
    decoderBlocks: [0],
    embeddingDim: 2,
    codebookSize: 2,
    quantizer: { kind: "codebook" },
  });
  const params = namedParams(model);
  const centre = (first: number, second: number) => {
    const kernel = new Float32Array(3 * 3 * 2 * 2);
    kernel.set([first, 0, 0, second], 4 * 4);
    return kernel;
  };
  const values: Record<string, ArrayLike<number>> = {
    "encoder.layers.0.linear.weight": [1, 0, 0, 1],
    "encoder.project.weight": [1, 0, 0, 1],
    "quantizer.codebook": [-1, 1, 1, -1],
    "decoder.stem.weight": centre(1, 1),
    "decoder.head.weight": centre(2, 1),
    "decoder.head.bias": [0, 0.5],
  };
  for (const [key, data] of Object.entries(values)) {
    tf.tidy(() => params[key].assign(tf.tensor(Float32Array.from(data), params[key].shape)));
  }
  return model;
}

describe.each(Object.entries(backends))("class maps on %s", (_backend, use) => {
  test("one-hot, codes and logits, worked by hand", async (context) => {
    await use(context);
    await expectNoLeak(async () => {
      const model = handMade();
      const maps = tf.tensor3d([0, 1, 1, 0], [1, 2, 2], "int32");
      const latents = model.latents(maps);
      const expected = { shape: [1, 2, 2, 2], data: [1, -1, -1, 1, -1, 1, 1, -1] };
      await expectClose(latents, expected, { atol: 1e-4 });
      const { codes } = model.encode(maps);
      expect(codes.dtype).toBe("int32");
      await expectClose(codes, { shape: [1, 2, 2], data: [1, 0, 0, 1] }, {});
      const logits = model.decode(codes);
      const byHand = { shape: [1, 2, 2, 2], data: [2, -0.5, -2, 1.5, -2, 1.5, 2, -0.5] };
      await expectClose(logits, byHand, { atol: 1e-4 });
      const reconstructed = model.reconstruct(maps);
      expect(reconstructed.dtype).toBe("int32");
      await expectClose(reconstructed, maps, {});
      tf.dispose([maps, latents, codes, logits, reconstructed]);
      model.dispose();
    });
  });

  test("the loss and its gradient, worked by hand", async (context) => {
    await use(context);
    await expectNoLeak(async () => {
      const model = handMade();
      const maps = tf.tensor3d([0, 1, 1, 0], [1, 2, 2], "int32");
      const bias = namedParams(model)["decoder.head.bias"];
      const { value, gradients } = valueAndGradients(() => ({ ...model.loss(maps) }), { bias });
      // The logit of the own class leads by 2.5 where it is 0, by 3.5 where it is 1.
      const expected = (Math.log1p(Math.exp(-2.5)) + Math.log1p(Math.exp(-3.5))) / 2;
      const wrong = [1 / (1 + Math.exp(2.5)), 1 / (1 + Math.exp(3.5))];
      const along = (wrong[1] - wrong[0]) / 2;
      await expectClose(value.reconstruction, { shape: [], data: [expected] }, { atol: 1e-4 });
      await expectClose(gradients.bias, { shape: [2], data: [along, -along] }, { atol: 1e-4 });
      const logits = { shape: [1, 2, 2, 2], data: [2, -0.5, -2, 1.5, -2, 1.5, 2, -0.5] };
      await expectClose(value.decoded, logits, { atol: 1e-4 });
      const decoderOnly = model.decoderLoss(value.codes!, maps);
      await expectClose(decoderOnly, value.reconstruction, { atol: 1e-6 });
      tf.dispose([maps, decoderOnly, ...Object.values(value), ...Object.values(gradients)]);
      model.dispose();
    });
  });
});

describe.each(Object.entries(architectures))("a VQ-GAN-Seg of %s", (_name, architecture) => {
  const config: VqConfigInput = { ...architecture, classes: 4 };
  const { kind: _kind, ...networks } = architecture;

  test("is the same network as one that reads the one-hot pictures", () =>
    expectNoLeak(async () => {
      await useCpu();
      const model = VqModel.create(config, new Rng(1));
      const pixelwise = VqModel.create({ ...networks, inChannels: 4 }, new Rng(1));
      const maps = drawnMaps(2, 8);
      const onehot = tf.oneHot(maps, 4, 1, 0, "float32") as tf.Tensor4D;
      const { codes } = model.encode(maps);
      const expectedCodes = pixelwise.encode(onehot).codes;
      await expectClose(codes, expectedCodes, {});
      const logits = model.decode(codes);
      const expected = tf.tidy(() =>
        pixelwise.decoder.apply(pixelwise.quantizer.latentsOf(codes) as tf.Tensor4D),
      );
      await expectClose(logits, expected, {});
      const best = tf.argMax(logits, 3);
      const reconstructed = model.reconstruct(maps);
      await expectClose(reconstructed, best, {});
      tf.dispose([maps, onehot, codes, expectedCodes, logits, expected, best, reconstructed]);
      model.dispose();
      pixelwise.dispose();
    }));

  test("every parameter that gradients train has one, quantized or not", () =>
    expectNoLeak(async () => {
      await useCpu();
      const model = VqModel.create({ ...config, quantizer: { kind: "codebook" } }, new Rng(1));
      const maps = drawnMaps(1, 4);
      for (const quantize of [true, false]) {
        const { value, gradients } = valueAndGradients(
          () => ({ ...model.loss(maps, { quantize }) }),
          model.trainableParams(),
          { allowUnused: !quantize },
        );
        for (const gradient of Object.values(gradients)) {
          expect((await gradient.data()).every(Number.isFinite)).toBe(true);
        }
        expect(value.decoded.shape).toEqual([1, 4, 4, 4]);
        tf.dispose([...Object.values(value), ...Object.values(gradients)]);
      }
      maps.dispose();
      model.dispose();
    }));

  test("comes back from what it saved", () =>
    expectNoLeak(async () => {
      await useCpu();
      const model = VqModel.create(config, new Rng(1));
      const { config: saved, tensors } = model.save();
      const again = VqModel.load(JSON.parse(JSON.stringify(saved)), await onHost(tensors));
      expect(again.config).toEqual(model.config);
      const maps = drawnMaps(2, 8);
      const results = [model, again].map((one) => tf.tidy(() => one.decode(one.encode(maps).codes)));
      await expectClose(results[1], results[0], {});
      tf.dispose([maps, results]);
      model.dispose();
      again.dispose();
    }));
});

test("training learns drawn maps: more than 98 % of the pixels come back", () =>
  expectNoLeak(async () => {
    await useCpu();
    const model = VqModel.create({ ...local, classes: 4, channels: [12], codebookSize: 16 }, new Rng(1));
    const steps = { totalSteps: 60, learningRate: 1e-2, warmupShare: 0.4, decoderShare: 0.1 };
    const trainer = new TokenizerTrainer(model, steps, new Rng(2));
    const maps = drawnMaps(4, 8);
    let [first, last] = [0, 0];
    for (let step = 0; step < steps.totalSteps; step++) {
      const scalars = await trainer.trainStep(maps);
      last = scalars.reconstruction.dataSync()[0];
      if (step === 0) first = last;
      tf.dispose(Object.values(scalars));
    }
    expect(first).toBeGreaterThan(1); // log 4 is 1.386
    expect(last).toBeLessThan(0.1);
    const reconstructed = model.reconstruct(maps);
    const accuracy = tf.tidy(() => tf.mean(tf.cast(tf.equal(reconstructed, maps), "float32")).dataSync()[0]);
    expect(accuracy).toBeGreaterThan(0.98);
    tf.dispose([maps, reconstructed]);
    trainer.dispose();
    model.dispose();
  }));
