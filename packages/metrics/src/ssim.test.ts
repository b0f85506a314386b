import { ensureGradients } from "@nuwa/tensor3d";
import { expectClose, expectNoLeak, useCpu } from "@nuwa/testing";
import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, describe, expect, test } from "vitest";
import { golden, goldenTensor } from "./fixtures/oracle.ts";
import { ssim } from "./ssim.ts";

beforeAll(async () => {
  await useCpu();
  ensureGradients();
});

describe("ssim by hand", () => {
  test("flat images differ in brightness only", () =>
    expectNoLeak(async () => {
      const grey = tf.fill([1, 11, 11, 1], 0.5);
      const white = tf.fill([1, 11, 11, 1], 1);
      const value = ssim(grey, white, { range: [0, 1] });
      await expectClose(value, { shape: [1], data: [(2 * 0.5 + 1e-4) / (0.25 + 1 + 1e-4)] }, { atol: 1e-6 });
      tf.dispose([grey, white, value]);
    }));

  test("a window of three pixels, a tenth of a pixel wide, is the pixel itself: no contrast is left", () =>
    expectNoLeak(async () => {
      const a = tf.tensor4d([9, 9, 9, 9, 0, 9, 9, 9, 9], [1, 3, 3, 1]);
      const b = tf.tensor4d([9, 9, 9, 9, 1, 9, 9, 9, 9], [1, 3, 3, 1]);
      const value = ssim(a, b, { range: [0, 10], windowSize: 3, sigma: 0.1, k1: 0.1 });
      await expectClose(value, { shape: [1], data: [1 / 2] }, { atol: 1e-5 }); // C1 / (1 + C1) with C1 = 1
      tf.dispose([a, b, value]);
    }));

  test("a wide window weighs its nine pixels alike", () =>
    expectNoLeak(async () => {
      const a = tf.tensor4d([1, 0, 0, 0, 0, 0, 0, 0, 0], [1, 3, 3, 1]);
      const b = tf.tensor4d([0, 0, 0, 0, 0, 0, 0, 0, 1], [1, 3, 3, 1]);
      const value = ssim(a, b, { range: [0, 1], windowSize: 3, sigma: 1e4 });
      // Means 1/9, variances 1/9 - 1/81 = 8/81, covariance -1/81: no difference in brightness.
      const expected = (-2 / 81 + 9e-4) / (16 / 81 + 9e-4);
      await expectClose(value, { shape: [1], data: [expected] }, { atol: 1e-6 });
      tf.dispose([a, b, value]);
    }));

  test("equal images give 1, the order of the two does not matter", () =>
    expectNoLeak(async () => {
      const [a, b] = [goldenTensor("images.a"), goldenTensor("images.b")];
      const [same, ahead, back] = [ssim(a, a), ssim(a, b), ssim(b, a)];
      await expectClose(same, { shape: [5], data: [1, 1, 1, 1, 1] }, { atol: 1e-6 });
      await expectClose(ahead, back, { atol: 1e-6 });
      tf.dispose([a, b, same, ahead, back]);
    }));

  test("only the likeness to black and white counts, not their numbers", () =>
    expectNoLeak(async () => {
      const [a, b] = [goldenTensor("images.a"), goldenTensor("images.b")];
      const bytes = [a, b].map((images) => tf.tidy(() => tf.mul(tf.add(images, 1), 127.5)));
      const [small, large] = [ssim(a, b), ssim(bytes[0], bytes[1], { range: [0, 255] })];
      await expectClose(small, large, { atol: 1e-5 });
      tf.dispose([a, b, bytes, small, large]);
    }));
});

describe("ssim agrees with", () => {
  test.each([
    ["piq", "ssim.11.piq", {}],
    ["piq, another window", "ssim.7.piq", { windowSize: 7, sigma: 1 }],
    ["scikit-image, black at 0", "ssim.11.skimage", {}],
    ["scikit-image, pixels as they are", "ssim.11.skimage.raw", { range: [0, 2] as const }],
  ])("%s", (_, name, options) =>
    expectNoLeak(async () => {
      const [a, b] = [goldenTensor("images.a"), goldenTensor("images.b")];
      const value = ssim(a, b, options);
      await expectClose(value, golden(name), { atol: 2e-6 });
      tf.dispose([a, b, value]);
    }),
  );

  test.each([
    [11, {}],
    [7, { windowSize: 7, sigma: 1 }],
  ])("the gradients of piq, a window of %i", (size, options) =>
    expectNoLeak(async () => {
      const [a, b] = [goldenTensor("images.a"), goldenTensor("images.b")];
      const upstream = tf.ones([5]);
      const gradients = tf.grads((x, y) => ssim(x, y, options))([a, b], upstream);
      await expectClose(gradients[0], golden(`ssim.${size}.gradient.a`), { atol: 2e-6, rtol: 2e-5 });
      await expectClose(gradients[1], golden(`ssim.${size}.gradient.b`), { atol: 2e-6, rtol: 2e-5 });
      tf.dispose([a, b, gradients, upstream]);
    }),
  );
});

describe("ssim with bad input:", () => {
  const images = (...shape: number[]) => tf.zeros(shape);

  test("NaN stays with its image", () =>
    expectNoLeak(async () => {
      const [a, b] = [goldenTensor("images.a"), goldenTensor("images.b")];
      const factors = tf.tensor4d([1, Number.NaN, 1, 1, 1], [5, 1, 1, 1]);
      const spoilt = tf.mul(a, factors);
      const [value, whole] = [ssim(spoilt, b), ssim(a, b)];
      const [got, wanted] = [await value.data(), await whole.data()];
      expect(got[1]).toBeNaN();
      for (const index of [0, 2, 3, 4]) expect(got[index]).toBe(wanted[index]);
      tf.dispose([a, b, factors, spoilt, value, whole]);
    }));

  test.each([
    ["no batch", [[12, 12, 3]], [[12, 12, 3]], "[batch, height, width, channels], got [12, 12, 3]"],
    [
      "two sizes",
      [[1, 12, 12, 3]],
      [[1, 12, 13, 3]],
      "ssim b: wanted the shape [1, 12, 12, 3], got [1, 12, 13, 3]",
    ],
    ["no image", [[0, 12, 12, 3]], [[0, 12, 12, 3]], "at least one pixel, got the shape [0, 12, 12, 3]"],
    [
      "small images",
      [[1, 12, 10, 3]],
      [[1, 12, 10, 3]],
      "at least 11 x 11 pixels, the size of the window, got 12 x 10",
    ],
  ])("%s", (_, [one], [other], message) =>
    expectNoLeak(() => {
      const [a, b] = [images(...one), images(...other)];
      expect(() => ssim(a, b)).toThrow(message);
      tf.dispose([a, b]);
    }),
  );

  test.each([
    [{ windowSize: 4 }, "windowSize must be an odd whole number, got 4"],
    [{ windowSize: -1 }, "windowSize must be an odd whole number, got -1"],
    [{ sigma: 0 }, "sigma must be a number above 0, got 0"],
    [{ k2: Number.NaN }, "k2 must be a number above 0, got NaN"],
    [{ range: [1, -1] as const }, "black below white, got [1, -1]"],
  ])("the options %o", (options, message) =>
    expectNoLeak(() => {
      const a = images(1, 12, 12, 3);
      expect(() => ssim(a, a, options)).toThrow(message);
      tf.dispose(a);
    }),
  );

  test("bytes", () =>
    expectNoLeak(() => {
      const a = tf.zeros([1, 12, 12, 3], "int32");
      expect(() => ssim(a, a)).toThrow("ssim a: wanted float32 images, got int32");
      tf.dispose(a);
    }));
});
