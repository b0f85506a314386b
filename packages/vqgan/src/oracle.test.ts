import { under, valueAndGradients } from "@nuwa/tensor3d";
import { expectClose, expectNoLeak, useCpu } from "@nuwa/testing";
import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, expect, test } from "vitest";
import type { VqConfigInput } from "./config.ts";
import { readGolden } from "./fixtures/golden.ts";
import { reconstructionLoss } from "./loss.ts";
import { VqModel } from "./model.ts";

// tooling/oracle/vqgan.py wrote the fixture with PyTorch.
const config: VqConfigInput = {
  resolution: 16,
  patch: 2,
  channels: [4, 6],
  encoderBlocks: [1, 1],
  decoderBlocks: [1, 1],
  encoderKernel: 3,
  embeddingDim: 3,
  codebookSize: 5,
};

const { golden } = readGolden("vq-vae.safetensors");

beforeAll(useCpu);

function goldenModel(): VqModel {
  const zeros = (shape: number[]) => ({ shape, data: new Float32Array(shape.reduce((a, b) => a * b, 1)) });
  return VqModel.load(config, {
    ...under(golden, "param."),
    "quantizer.codebook": golden.codebook,
    "quantizer.counts": zeros([5]),
    "quantizer.sums": zeros([5, 3]),
  });
}

function goldenPixels(): tf.Tensor4D {
  return tf.tensor4d(Float32Array.from(golden.pixels.data), [2, 16, 16, 3]);
}

test("latents, codes and reconstruction agree with PyTorch", () =>
  expectNoLeak(async () => {
    const model = goldenModel();
    const pixels = goldenPixels();
    const latents = model.latents(pixels);
    await expectClose(latents, golden.latents, { atol: 1e-5 });
    const { codes } = model.encode(pixels);
    await expectClose(codes, golden.codes, {});
    expect(new Set(Array.from(golden.codes.data)).size).toBeGreaterThan(2);
    const decoded = tf.tidy(() => model.decoder.apply(model.quantizer.latentsOf(codes) as tf.Tensor4D));
    await expectClose(decoded, golden.reconstruction, { atol: 1e-5 });
    const clipped = tf.clipByValue(decoded, -1, 1);
    const reconstructed = model.reconstruct(pixels);
    await expectClose(reconstructed, clipped, { atol: 1e-6 });
    tf.dispose([pixels, latents, codes, decoded, clipped, reconstructed]);
    model.dispose();
  }));

test("the losses and every gradient of a step agree with PyTorch", () =>
  expectNoLeak(async () => {
    const model = goldenModel();
    const pixels = goldenPixels();
    const { value, gradients } = valueAndGradients(
      () => ({ ...model.loss(pixels) }),
      model.trainableParams(),
    );
    await expectClose(value.loss, golden.loss, { atol: 1e-6, rtol: 1e-5 });
    await expectClose(value.reconstruction, golden["loss.l1+l2"], { rtol: 1e-5 });
    await expectClose(value.commitment, golden.commitment, { rtol: 1e-5 });
    const expected = under(golden, "gradient.");
    expect(Object.keys(gradients).sort()).toEqual(Object.keys(expected).sort());
    for (const [name, gradient] of Object.entries(gradients)) {
      await expectClose(gradient, expected[name], { atol: 1e-5, rtol: 1e-4 });
    }
    tf.dispose([pixels, ...Object.values(value), ...Object.values(gradients)]);
    model.dispose();
  }));

test.each(["l1", "l2", "l1+l2"] as const)("the reconstruction loss %s agrees with PyTorch", (kind) =>
  expectNoLeak(async () => {
    const pixels = goldenPixels();
    const actual = tf.tensor4d(Float32Array.from(golden.reconstruction.data), [2, 16, 16, 3]);
    const loss = reconstructionLoss(actual, pixels, kind);
    await expectClose(loss, golden[`loss.${kind}`], { rtol: 1e-5 });
    tf.dispose([pixels, actual, loss]);
  }),
);
