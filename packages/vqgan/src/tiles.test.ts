import { Rng } from "@nuwa/tensor3d";
import { expectClose, expectNoLeak, useCpu } from "@nuwa/testing";
import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, describe, expect, test } from "vitest";
import type { VqConfigInput } from "./config.ts";
import { VqModel } from "./model.ts";
import { hostPixels } from "./pixel-source.ts";
import { reach } from "./reach.ts";
import { decodeTiled, encodeTiled } from "./tiles.ts";

beforeAll(useCpu);

const config: VqConfigInput = {
  resolution: 16,
  patch: 2,
  channels: [4, 6],
  encoderBlocks: [1, 1],
  decoderBlocks: [1, 1],
  embeddingDim: 3,
  codebookSize: 64,
};

function noise(shape: [number, number, number, number], seed = 0): Float32Array {
  const count = shape.reduce((size, length) => size * length, 1);
  return Float32Array.from(new Rng(seed).uniform(count), (value) => 2 * value - 1);
}

describe.each([1, 3] as const)("local networks, encoderKernel %i", (encoderKernel) => {
  // 2 codes of the encoder and 3 of the decoder: an overlap of 16 and of 24 pixels is enough.
  test.each([
    [1, 64, 64, 32, 24],
    [2, 36, 100, 32, 24],
    [1, 44, 28, 28, 24],
    [1, 52, 84, 40, 28], // more than enough: a line of one code
  ])("%i pictures of %i × %i in tiles of %i, overlap %i: as untiled", (batch, height, width, tile, overlap) =>
    expectNoLeak(async () => {
      const model = VqModel.create({ ...config, encoderKernel }, new Rng(3));
      expect(reach(model.config)).toEqual({ encoder: encoderKernel === 1 ? 0 : 2, decoder: 3 });
      const shape: [number, number, number, number] = [batch, height, width, 3];
      const data = noise(shape);
      const pixels = tf.tensor4d(data.slice(), shape);
      const { codes } = model.encode(pixels);
      expect(new Set(await codes.data()).size).toBeGreaterThan(5);
      const tiled = await encodeTiled(model, pixels, { tile, overlap });
      const fromHost = await encodeTiled(model, hostPixels(data, shape), { tile, overlap });
      await expectClose(tiled, codes, {});
      await expectClose(fromHost, codes, {});
      expect(tiled.dtype).toBe("int32");
      const decoded = model.decode(codes);
      const decodedTiled = await decodeTiled(model, codes, { tile, overlap });
      await expectClose(decodedTiled, decoded, { atol: 1e-5 });
      tf.dispose([pixels, codes, tiled, fromHost, decoded, decodedTiled]);
      model.dispose();
    }),
  );
});

test("the default tile of 256 pixels gives the untiled codes and pixels", () =>
  expectNoLeak(async () => {
    const model = VqModel.create({ ...config, encoderKernel: 3 }, new Rng(3));
    const pixels = tf.tensor4d(noise([1, 8, 300, 3]), [1, 8, 300, 3]);
    const { codes } = model.encode(pixels);
    const steps: number[] = [];
    const onProgress = ({ done, total }: { done: number; total: number }) => steps.push(done, total);
    const tiled = await encodeTiled(model, pixels, { onProgress });
    expect(steps).toEqual([1, 2, 2, 2]);
    const decoded = model.decode(codes);
    const decodedTiled = await decodeTiled(model, codes);
    await expectClose(tiled, codes, {});
    await expectClose(decodedTiled, decoded, { atol: 1e-5 });
    tf.dispose([pixels, codes, tiled, decoded, decodedTiled]);
    model.dispose();
  }));

test("too small an overlap still blends: no step on a plain area is larger than at the picture's border", () =>
  expectNoLeak(async () => {
    const model = VqModel.create(config, new Rng(3));
    const codes = tf.fill([1, 4, 20], 5, "int32") as tf.Tensor3D;
    const whole = model.decode(codes);
    const tiled = await decodeTiled(model, codes, { tile: 32, overlap: 8 });
    // From a pixel to the same one of the next code, along a row in the middle.
    const largestStep = async (pixels: tf.Tensor4D) => {
      const step = tf.tidy(() => {
        const [near, next] = [0, 4].map((left) => tf.slice(pixels, [0, 8, left, 0], [1, 1, 76, 3]));
        return tf.max(tf.abs(tf.sub(next, near)));
      });
      const [value] = await step.data();
      step.dispose();
      return value;
    };
    expect(await largestStep(tiled)).toBeLessThanOrEqual(await largestStep(whole));
    expect(await largestStep(whole)).toBeGreaterThan(0);
    tf.dispose([codes, whole, tiled]);
    model.dispose();
  }));

test("class maps: codes as untiled, and decoded tiles are logits", () =>
  expectNoLeak(async () => {
    const model = VqModel.create({ ...config, kind: "vq-gan-seg", classes: 4 }, new Rng(3));
    const maps = tf.tensor3d(new Rng(1).integers(2 * 44 * 64, 4), [2, 44, 64], "int32");
    const { codes } = model.encode(maps);
    const tiled = await encodeTiled(model, maps, { tile: 32, overlap: 24 });
    await expectClose(tiled, codes, {});
    const logits = model.decode(codes);
    const decoded = await decodeTiled(model, codes, { tile: 32, overlap: 24 });
    expect(decoded.shape).toEqual([2, 44, 64, 4]);
    await expectClose(decoded, logits, { atol: 1e-5 });
    tf.dispose([maps, codes, tiled, logits, decoded]);
    model.dispose();
  }));

test("bad sizes are refused", async () => {
  const model = VqModel.create(config);
  const pixels = tf.zeros<tf.Rank.R4>([1, 16, 16, 3]);
  const odd = tf.zeros<tf.Rank.R4>([1, 16, 18, 3]);
  const codes = tf.zeros<tf.Rank.R3>([1, 4, 4], "int32");
  const encode = (options: object) => encodeTiled(model, pixels, options);
  await expect(encodeTiled(model, odd)).rejects.toThrow(
    "encodeTiled pixels: wanted float32 [batch, height, width, 3] with height and width multiples of 4, got float32 [1, 16, 18, 3]",
  );
  await expect(encode({ tile: 10 })).rejects.toThrow("tile: wanted a positive multiple of 4 pixels, got 10");
  await expect(encode({ tile: 0 })).rejects.toThrow("tile: wanted a positive multiple of 4 pixels, got 0");
  for (const overlap of [-4, 6, 8]) {
    await expect(encode({ tile: 8, overlap })).rejects.toThrow(`below the tile's 8, got ${overlap}`);
  }
  await expect(decodeTiled(model, tf.cast(codes, "float32"))).rejects.toThrow(
    "decodeTiled codes: wanted int32",
  );
  expect(() => hostPixels(new Float32Array(5), [1, 1, 2, 3])).toThrow(
    "wanted 6 numbers for [1, 1, 2, 3], got 5",
  );
  const short = { shape: [1, 4, 4, 3] as const, read: () => new Float32Array(3) };
  await expect(encodeTiled(model, short)).rejects.toThrow("PixelSource.read: wanted 48 numbers");
  await expect(encodeTiled(model, tf.fill([1, 4, 4, 3], Number.NaN))).rejects.toThrow(
    "wanted finite numbers",
  );
  tf.dispose([pixels, odd, codes]);
  model.dispose();
});

test("nothing stays behind when the signal aborts, before or between tiles, or when a source fails", () =>
  expectNoLeak(async () => {
    const model = VqModel.create(config);
    const pixels = tf.zeros<tf.Rank.R4>([1, 16, 32, 3]);
    const codes = tf.zeros<tf.Rank.R3>([1, 4, 8], "int32");
    const aborted = AbortSignal.abort(new Error("stopped"));
    await expect(encodeTiled(model, pixels, { signal: aborted })).rejects.toThrow("stopped");
    await expect(decodeTiled(model, codes, { signal: aborted })).rejects.toThrow("stopped");
    for (const run of [
      (options: object) => encodeTiled(model, pixels, options),
      (options: object) => decodeTiled(model, codes, options),
    ]) {
      const controller = new AbortController();
      let tiles = 0;
      const onProgress = () => ++tiles === 2 && setImmediate(() => controller.abort(new Error("stopped")));
      const options = { tile: 8, overlap: 4, signal: controller.signal, onProgress };
      await expect(run(options)).rejects.toThrow("stopped");
      expect(tiles).toBeLessThan(5);
    }
    let reads = 0;
    const failing = {
      shape: [1, 16, 32, 3] as const,
      async read(): Promise<Float32Array> {
        if (++reads === 3) throw new Error("torn file");
        return new Float32Array(8 * 8 * 3);
      },
    };
    await expect(encodeTiled(model, failing, { tile: 8, overlap: 0 })).rejects.toThrow("torn file");
    tf.dispose([pixels, codes]);
    model.dispose();
  }));

/** The most bytes that live tensors take while `body` runs, beyond those there were before. */
async function peakBytes(body: () => Promise<tf.Tensor>): Promise<number> {
  const before = tf.memory().numBytes;
  const result: { tensor?: tf.Tensor } = {};
  const { peakBytes: peak } = await tf.profile(async () => {
    result.tensor = await body();
    return result.tensor;
  });
  result.tensor?.dispose();
  return peak - before;
}

test("the peak of the device's memory depends on the tile and not on the picture", async () => {
  const model = VqModel.create(config);
  const options = { tile: 32, overlap: 16 };
  const peaks = async (side: number) => {
    const pixels = hostPixels(noise([1, side, side, 3]), [1, side, side, 3]);
    const codes = tf.zeros<tf.Rank.R3>([1, side / 4, side / 4], "int32");
    const result = {
      encode: await peakBytes(() => encodeTiled(model, pixels, options)),
      decode: await peakBytes(() => decodeTiled(model, codes, options)),
      untiled: await peakBytes(async () => model.decode(codes)),
    };
    codes.dispose();
    return result;
  };
  const [small, large] = [await peaks(48), await peaks(192)];
  expect(large.encode).toBe(small.encode);
  expect(large.decode).toBe(small.decode);
  expect(large.untiled).toBeGreaterThan(10 * small.untiled);
  model.dispose();
});
