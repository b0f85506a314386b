import { Rng } from "@nuwa/tensor3d";
import { expectClose, expectNoLeak, useCpu } from "@nuwa/testing";
import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, expect, test } from "vitest";
import { codeGrid, parseVqConfig, type VqConfigInput } from "./config.ts";
import { VqModel } from "./model.ts";

beforeAll(useCpu);

const config: VqConfigInput = {
  resolution: 16,
  patch: 2,
  channels: [4, 6],
  encoderBlocks: [1, 1],
  decoderBlocks: [1, 1],
  embeddingDim: 3,
  codebookSize: 7,
};

function pictures(batch: number, height: number, width: number, seed = 0): tf.Tensor4D {
  const values = new Rng(seed).uniform(batch * height * width * 3).map((value) => 2 * value - 1);
  return tf.tensor4d(values, [batch, height, width, 3]);
}

test("codes, pixels and their shapes", () =>
  expectNoLeak(async () => {
    const model = VqModel.create(config, new Rng(1));
    const pixels = pictures(2, 16, 24);
    const { codes } = model.encode(pixels);
    expect(codes.dtype).toBe("int32");
    expect(codes.shape).toEqual([2, 4, 6]);
    const decoded = model.decode(codes);
    expect(decoded.shape).toEqual([2, 16, 24, 3]);
    const values = await decoded.data();
    expect(values.every((value) => value >= -1 && value <= 1)).toBe(true);
    const reconstructed = model.reconstruct(pixels);
    await expectClose(reconstructed, decoded, {});
    tf.dispose([pixels, codes, decoded, reconstructed]);
    model.dispose();
  }));

test("the loss is the sum of its terms; unquantized it is the reconstruction alone", () =>
  expectNoLeak(async () => {
    const model = VqModel.create(config, new Rng(1));
    const pixels = pictures(1, 16, 16);
    const { loss, reconstruction, commitment, decoded, latents, codes } = model.loss(pixels);
    const sum = tf.add(reconstruction, commitment);
    await expectClose(loss, sum, {});
    expect(latents.shape).toEqual([1, 4, 4, 3]);
    const continuous = model.loss(pixels, { quantize: false });
    await expectClose(continuous.loss, continuous.reconstruction, {});
    await expectClose(continuous.commitment, { shape: [], data: [0] }, {});
    const encoded = model.encode(pixels).codes;
    await expectClose(codes!, encoded, {});
    const decoderOnly = model.decoderLoss(encoded, pixels);
    await expectClose(decoderOnly, reconstruction, { atol: 1e-6 });
    const clipped = tf.clipByValue(decoded, -1, 1);
    const reconstructed = model.reconstruct(pixels);
    await expectClose(reconstructed, clipped, { atol: 1e-6 });
    tf.dispose([
      pixels,
      loss,
      reconstruction,
      commitment,
      decoded,
      latents,
      sum,
      codes!,
      encoded,
      decoderOnly,
    ]);
    tf.dispose([clipped, reconstructed]);
    tf.dispose({ ...continuous } as tf.NamedTensorMap);
    model.dispose();
  }));

// With a window of 3 each of the two levels sees a position further: up to 2 codes feel the border.
test.each([
  [1, 0],
  [3, 2],
] as const)("codes move with the picture: window %i, border %i", (encoderKernel, border) =>
  expectNoLeak(async () => {
    const model = VqModel.create({ ...config, encoderKernel, codebookSize: 64 }, new Rng(3));
    const picture = pictures(1, 64, 64, 5);
    const shifted = tf.tidy(() =>
      tf.concat([tf.slice(picture, [0, 0, 60, 0]), tf.slice(picture, [0, 0, 0, 0], [1, 64, 60, 3])], 2),
    );
    const [before, after] = [model.encode(picture).codes, model.encode(shifted as tf.Tensor4D).codes];
    const size: [number, number, number] = [1, 16 - 2 * border, 15 - 2 * border];
    const inside = tf.tidy(() => tf.slice(before, [0, border, border], size));
    const moved = tf.tidy(() => tf.slice(after, [0, border, border + 1], size)); // one code to the right
    await expectClose(moved, inside, {});
    expect(new Set(await inside.data()).size).toBeGreaterThan(1);
    tf.dispose([picture, shifted, before, after, inside, moved]);
    model.dispose();
  }),
);

test("a saved model is the same model, codebook and running means included", () =>
  expectNoLeak(async () => {
    const model = VqModel.create(config, new Rng(1));
    const pixels = pictures(2, 16, 16);
    const { codes } = model.encode(pixels);
    tf.tidy(() => model.quantizer.update(model.latents(pixels), codes, new Rng(2)));
    const { config: saved, tensors } = model.save();
    const host: Record<string, { shape: number[]; data: Float32Array }> = {};
    for (const [name, tensor] of Object.entries(tensors)) {
      host[name] = { shape: tensor.shape, data: (await tensor.data()) as Float32Array };
    }
    expect(Object.keys(host)).toContain("quantizer.counts");
    const loaded = VqModel.load(JSON.parse(JSON.stringify(saved)), host);
    for (const [name, tensor] of Object.entries(loaded.save().tensors))
      await expectClose(tensor, tensors[name], {});
    const [expected, actual] = [model.reconstruct(pixels), loaded.reconstruct(pixels)];
    await expectClose(actual, expected, {});
    delete host["quantizer.counts"];
    expect(() => VqModel.load(saved, host)).toThrow("missing quantizer.counts [7]");
    tf.dispose([pixels, codes, expected, actual]);
    model.dispose();
    loaded.dispose();
  }));

test("the quantizer's running means are not trained by gradients", () =>
  expectNoLeak(() => {
    const model = VqModel.create(config);
    const names = Object.keys(model.trainableParams());
    expect(names).toContain("encoder.layers.0.linear.weight");
    expect(names).toContain("decoder.head.bias");
    expect(names.filter((name) => name.startsWith("quantizer"))).toEqual([]);
    model.dispose();
  }));

test("the grid of codes", () => {
  expect(codeGrid(parseVqConfig(config))).toEqual({ height: 4, width: 4, frames: 1 });
});

test("bad configs are refused, every field named", () => {
  const create = (changes: object) => () => VqModel.create({ ...config, ...changes } as VqConfigInput);
  expect(create({ encoderBlocks: [1], sharpness: 3 })).toThrow("sharpness");
  expect(create({ encoderBlocks: [1] })).toThrow("wants one number a level, 2 as in channels, got 1");
  expect(create({ resolution: 18 })).toThrow("must be a multiple of patch · 2^(levels − 1) = 4, got 18");
  expect(create({ codebookSize: 1 })).toThrow("codebookSize");
});

test("bad inputs are refused", () => {
  const model = VqModel.create(config);
  tf.tidy(() => {
    expect(() => model.encode(tf.zeros([1, 15, 16, 3]))).toThrow(
      "VqModel pixels: wanted float32 [batch, height, width, 3] with height and width multiples of 4, got float32 [1, 15, 16, 3]",
    );
    expect(() => model.encode(tf.zeros([1, 16, 16, 1]))).toThrow("got float32 [1, 16, 16, 1]");
    expect(() => model.encode(tf.zeros([1, 16, 16, 3], "int32"))).toThrow("got int32");
    expect(() => model.decode(tf.zeros([1, 4, 4]))).toThrow("VqModel codes: wanted int32");
  });
  model.dispose();
});
