import { Rng } from "@nuwa/tensor3d";
import { expectClose, expectNoLeak, useCpu } from "@nuwa/testing";
import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, expect, test } from "vitest";
import { Downsample, patchify, Upsample, unpatchify } from "./resample.ts";

beforeAll(useCpu);

test("a patch's pixels in raster order", () =>
  expectNoLeak(async () => {
    const x = tf.tensor4d(
      Array.from({ length: 16 }, (_, index) => index),
      [1, 4, 2, 2],
    );
    const patches = patchify(x, 2);
    // Rows of pixels: [0 1 | 2 3], [4 5 | 6 7] and so on.
    await expectClose(
      patches,
      { shape: [1, 2, 1, 8], data: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15] },
      {},
    );
    const wide = tf.tensor4d([0, 1, 2, 3, 4, 5, 6, 7], [1, 2, 4, 1]);
    const columns = patchify(wide, 2);
    await expectClose(columns, { shape: [1, 1, 2, 4], data: [0, 1, 4, 5, 2, 3, 6, 7] }, {});
    tf.dispose([x, patches, wide, columns]);
  }));

test.each([1, 2, 3])("unpatchify undoes patchify, patch %i", (patch) =>
  expectNoLeak(async () => {
    const shape: [number, number, number, number] = [2, 2 * patch, 3 * patch, 2];
    const x = tf.tensor4d(new Rng(0).normal(24 * patch * patch), shape);
    const patches = patchify(x, patch);
    const back = unpatchify(patches, patch);
    expect(patches.shape).toEqual([2, 2, 3, 2 * patch * patch]);
    await expectClose(back, x, {});
    tf.dispose([x, patches, back]);
  }),
);

test("downsampling is a convolution whose stride is its kernel's size", () =>
  expectNoLeak(async () => {
    const layer = new Downsample({ inChannels: 2, outChannels: 3, factor: 2 }, new Rng(1));
    const x = tf.tensor4d(new Rng(2).normal(48), [1, 4, 6, 2]);
    const y = layer.apply(x);
    const kernel = tf.tidy(() => tf.reshape(layer.linear.params.weight, [2, 2, 2, 3]) as tf.Tensor4D);
    const expected = tf.conv2d(x, kernel, 2, "valid");
    await expectClose(y, expected, { atol: 1e-5 });
    tf.dispose([x, y, kernel, expected]);
    layer.dispose();
  }));

test("upsampling writes each position's square", () =>
  expectNoLeak(async () => {
    const layer = new Upsample({ inChannels: 2, outChannels: 3, factor: 2 }, new Rng(1));
    const x = tf.tensor4d(new Rng(2).normal(12), [1, 2, 3, 2]);
    const y = layer.apply(x);
    const kernel = tf.tidy(
      () => tf.transpose(tf.reshape(layer.linear.params.weight, [2, 2, 2, 3]), [1, 2, 3, 0]) as tf.Tensor4D,
    );
    const expected = tf.conv2dTranspose(x, kernel, [1, 4, 6, 3], 2, "valid");
    await expectClose(y, expected, { atol: 1e-5 });
    tf.dispose([x, y, kernel, expected]);
    layer.dispose();
  }));
