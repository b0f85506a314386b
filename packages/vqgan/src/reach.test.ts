import { Rng } from "@nuwa/tensor3d";
import { expectNoLeak, useCpu } from "@nuwa/testing";
import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, expect, test } from "vitest";
import { parseVqConfig, type VqConfigInput } from "./config.ts";
import { VqModel } from "./model.ts";
import { reach } from "./reach.ts";

beforeAll(useCpu);

const config: VqConfigInput = {
  resolution: 16,
  patch: 2,
  channels: [4, 4, 4],
  encoderBlocks: [2, 1, 1],
  decoderBlocks: [2, 1, 1],
  encoderKernel: 3,
  embeddingDim: 3,
  codebookSize: 64,
};

test("by hand", () => {
  // Blocks 2/4 + 1/2 + 1; the decoder's first convolution 1 more and its last one 1/4.
  expect(reach(parseVqConfig(config))).toEqual({ encoder: 2, decoder: 4 });
  expect(reach(parseVqConfig({ ...config, encoderKernel: 1 })).encoder).toBe(0);
  const taming = { latentDim: 3, embeddingDim: 2, codebookSize: 5, blocks: 1, resolution: 16 };
  const infinite = reach(
    parseVqConfig({ ...taming, architecture: "taming", channels: 32, multipliers: [1] }),
  );
  expect(infinite).toEqual({ encoder: Number.POSITIVE_INFINITY, decoder: Number.POSITIVE_INFINITY });
});

/** Columns of `[1, rows, columns, c]` that differ between two tensors. */
async function changed(before: tf.Tensor4D, after: tf.Tensor4D): Promise<number[]> {
  const apart = tf.tidy(() => tf.max(tf.abs(tf.sub(before, after)), [0, 1, 3]));
  const values = Array.from(await apart.data());
  tf.dispose([before, after, apart]);
  return values.flatMap((value, column) => (value > 0 ? [column] : []));
}

test("what lies in reach has an influence, and nothing beyond it", () =>
  expectNoLeak(async () => {
    const model = VqModel.create(config, new Rng(3));
    const { encoder, decoder } = reach(model.config);
    const [side, columns, middle] = [8, 13, 6];
    const latents = tf.tidy(() => tf.randomNormal<tf.Rank.R4>([1, 2, columns, 3], 0, 1, "float32", 5));
    const bumped = tf.tidy(() => {
      const one = tf.oneHot(tf.tensor1d([middle], "int32"), columns);
      return tf.add(latents, tf.reshape(one, [1, 1, columns, 1])) as tf.Tensor4D;
    });
    const pixels = await changed(model.decoder.apply(latents), model.decoder.apply(bumped));
    expect(Math.floor(pixels[0] / side)).toBe(middle - decoder);
    expect(Math.floor(pixels[pixels.length - 1] / side)).toBe(middle + decoder);

    const picture = tf.tidy(() =>
      tf.randomNormal<tf.Rank.R4>([1, 16, columns * side, 3], 0, 1, "float32", 6),
    );
    const other = tf.tidy(() => {
      const marks = Float32Array.from({ length: columns * side }, (_, x) =>
        Math.floor(x / side) === middle ? 1 : 0,
      );
      return tf.add(picture, tf.reshape(tf.tensor1d(marks), [1, 1, columns * side, 1])) as tf.Tensor4D;
    });
    const codes = await changed(model.latents(picture), model.latents(other));
    expect([codes[0], codes[codes.length - 1]]).toEqual([middle - encoder, middle + encoder]);
    tf.dispose([latents, bumped, picture, other]);
    model.dispose();
  }));
