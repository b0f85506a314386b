import { Rng } from "@nuwa/tensor3d";
import { expectNoLeak, useCpu } from "@nuwa/testing";
import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, expect, test } from "vitest";
import type { TamingVqConfigInput } from "../config.ts";
import { VqModel } from "../model.ts";
import { decodeTiled, encodeTiled } from "../tiles.ts";

beforeAll(useCpu);

const config: TamingVqConfigInput = {
  architecture: "taming",
  resolution: 32,
  outChannels: 1,
  channels: 32,
  multipliers: [1, 1, 1],
  blocks: 1,
  attentionResolutions: [8],
  latentDim: 4,
  embeddingDim: 4,
  codebookSize: 16,
};

// Untrained weights, and one channel a group: the norms of a tile differ from the picture's as much as they can.
test("an approximation: on a smooth picture most codes are the same, and pixels are close", () =>
  expectNoLeak(async () => {
    const model = VqModel.create(config, new Rng(1));
    const [height, width] = [32, 80];
    const values = Float32Array.from({ length: height * width * 3 }, (_, index) => {
      const [channel, x, y] = [index % 3, Math.floor(index / 3) % width, Math.floor(index / (3 * width))];
      return 0.8 * Math.sin(x / 4 + channel) * Math.cos(y / 4);
    });
    const pixels = tf.tensor4d(values, [1, height, width, 3]);
    const { codes } = model.encode(pixels);
    const tiled = await encodeTiled(model, pixels);
    const [wanted, got] = [await codes.data(), await tiled.data()];
    const same = wanted.filter((code, index) => code === got[index]).length / wanted.length;
    expect(new Set(wanted).size).toBeGreaterThan(5);
    const whole = model.decode(codes);
    const decoded = await decodeTiled(model, codes);
    expect(decoded.shape).toEqual([1, height, width, 1]);
    const [deviation, error] = tf.tidy(() => [
      tf.sqrt(tf.moments(whole).variance).dataSync()[0],
      tf.sqrt(tf.mean(tf.squaredDifference(whole, decoded))).dataSync()[0],
    ]);
    expect(same).toBeGreaterThan(0.6);
    expect(error).toBeLessThan(0.6 * deviation);
    tf.dispose([pixels, codes, tiled, whole, decoded]);
    model.dispose();
  }));

test("no seam on a plain area: pixels step no further than untiled, where tiles without overlap do", () =>
  expectNoLeak(async () => {
    const model = VqModel.create(config, new Rng(1));
    const codes = tf.fill([1, 4, 24], 3, "int32") as tf.Tensor3D;
    /** Between neighbours in a row, away from the picture's own border. */
    const largestStep = async (pixels: tf.Tensor4D) => {
      const step = tf.tidy(() => {
        const [near, next] = [14, 15].map((left) => tf.slice(pixels, [0, 6, left, 0], [1, 4, 66, 1]));
        return tf.max(tf.abs(tf.sub(next, near)));
      });
      const [value] = await step.data();
      tf.dispose([pixels, step]);
      return value;
    };
    const untiled = await largestStep(model.decode(codes));
    const blended = await largestStep(await decodeTiled(model, codes, { tile: 64, overlap: 32 }));
    const cut = await largestStep(await decodeTiled(model, codes, { tile: 64, overlap: 0 }));
    expect(blended).toBeLessThanOrEqual(untiled);
    expect(cut).toBeGreaterThan(2 * untiled);
    model.dispose();
    codes.dispose();
  }));

test("a picture of one tile is the untiled one, bit for bit", () =>
  expectNoLeak(async () => {
    const model = VqModel.create(config, new Rng(1));
    const codes = tf.tensor3d(
      Array.from({ length: 32 }, (_, index) => index % 16),
      [1, 4, 8],
      "int32",
    );
    const [whole, decoded] = [model.decode(codes), await decodeTiled(model, codes)];
    expect(Array.from(await decoded.data())).toEqual(Array.from(await whole.data()));
    tf.dispose([codes, whole, decoded]);
    model.dispose();
  }));
