import { ensureGradients, isNuwaError } from "@nuwa/tensor3d";
import { expectClose, expectNoLeak, useCpu } from "@nuwa/testing";
import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, expect, test } from "vitest";
import { golden, goldenTensor } from "./fixtures/oracle.ts";
import { psnr } from "./psnr.ts";

beforeAll(async () => {
  await useCpu();
  ensureGradients();
});

test("by hand: an error of a tenth of the range everywhere is 20 dB, of one pixel in four 6 dB more", () =>
  expectNoLeak(async () => {
    const a = tf.zeros([2, 2, 2, 1]);
    const b = tf.tensor4d([0.2, -0.2, 0.2, 0.2, 0, 0.2, 0, 0], [2, 2, 2, 1]);
    const value = psnr(a, b);
    await expectClose(value, { shape: [2], data: [20, 20 + 10 * Math.log10(4)] }, { atol: 1e-4 });
    tf.dispose([a, b, value]);
  }));

test("agrees with scikit-image; range [0, 1] takes 6 dB off, as only the difference counts", () =>
  expectNoLeak(async () => {
    const [a, b] = [goldenTensor("images.a"), goldenTensor("images.b")];
    const [value, half] = [psnr(a, b), psnr(a, b, { range: [0, 1] })];
    const { shape, data } = golden("psnr");
    await expectClose(value, { shape, data }, { atol: 1e-4 });
    await expectClose(half, { shape, data: data.map((each) => each - 20 * Math.log10(2)) }, { atol: 1e-4 });
    tf.dispose([a, b, value, half]);
  }));

test("is infinite for equal images and NaN for NaN, image by image", () =>
  expectNoLeak(async () => {
    const a = tf.tensor4d([0, 0, 0.2], [3, 1, 1, 1]);
    const b = tf.tensor4d([0, Number.NaN, 0], [3, 1, 1, 1]);
    const value = psnr(a, b);
    const [equal, nan, usual] = await value.data();
    expect([equal, nan]).toEqual([Number.POSITIVE_INFINITY, Number.NaN]);
    expect(usual).toBeCloseTo(20, 4);
    tf.dispose([a, b, value]);
  }));

test("has the gradient of the formula: -20 / ln 10 (a - b) / sum of squares", () =>
  expectNoLeak(async () => {
    const [a, b] = [tf.tensor4d([0.5, -0.5], [1, 1, 2, 1]), tf.tensor4d([0.2, -0.1], [1, 1, 2, 1])];
    const upstream = tf.ones([1]);
    const gradients = tf.grads((x, y) => psnr(x, y))([a, b], upstream);
    const slope = -20 / Math.LN10 / (0.09 + 0.16);
    await expectClose(gradients[0], { shape: a.shape, data: [slope * 0.3, slope * -0.4] }, { rtol: 1e-5 });
    await expectClose(gradients[1], { shape: a.shape, data: [slope * -0.3, slope * 0.4] }, { rtol: 1e-5 });
    tf.dispose([a, b, gradients, upstream]);
  }));

test("refuses images that do not fit and a range that is none", () =>
  expectNoLeak(() => {
    const [a, b] = [tf.zeros([1, 2, 2, 3]), tf.zeros([2, 2, 2, 3])];
    expect(() => psnr(a, b)).toThrow("psnr b: wanted the shape [1, 2, 2, 3], got [2, 2, 2, 3]");
    expect(() => psnr(a, a, { range: [0, Number.NaN] })).toThrow("black below white, got [0, NaN]");
    try {
      psnr(a, b);
    } catch (error) {
      expect(isNuwaError(error) && error.code).toBe("SHAPE");
    }
    tf.dispose([a, b]);
  }));
