import { expectClose, expectNoLeak } from "@nuwa/testing";
import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, expect, test } from "vitest";
import { probeWasm, registerWasm } from "./index.ts";

beforeAll(async () => {
  await registerWasm();
});

test("registering selects the backend, also a second time", async () => {
  expect(await probeWasm()).toMatchObject({ available: true });
  expect(await registerWasm()).toMatchObject({ name: "wasm", device: "CPU" });
  expect(tf.getBackend()).toBe("wasm");
});

test("matMul of transposed operands, by hand", () =>
  expectNoLeak(async () => {
    const a = tf.tensor2d([
      [1, 2],
      [3, 4],
      [5, 6],
    ]);
    const b = tf.tensor2d([[1, 0, 2]]);
    const y = tf.matMul(a, b, true, true);
    await expectClose(y, { shape: [2, 1], data: [11, 14] }, {});
    tf.dispose([a, b, y]);
  }));

test("the filter gradient of a 1D-like convolution with stride 2, by hand", () =>
  expectNoLeak(async () => {
    const x = tf.tensor4d([1, 2, 3, 4, 5], [1, 1, 5, 1]);
    const dy = tf.tensor4d([1, 10], [1, 1, 2, 1]);
    // Taps read x[0], x[2] and x[1], x[3]; the last column is not read.
    const gradient = tf
      .engine()
      .runKernel(
        "Conv2DBackpropFilter",
        { x, dy },
        { strides: [2, 2], pad: "valid", dataFormat: "NHWC", filterShape: [1, 2, 1, 1] },
      ) as tf.Tensor;
    await expectClose(gradient, { shape: [1, 2, 1, 1], data: [31, 42] }, {});
    tf.dispose([x, dy, gradient]);
  }));

test("segment sums add rows and leave out segments that do not exist", () =>
  expectNoLeak(async () => {
    const x = tf.tensor2d([
      [1, 2],
      [3, 4],
      [5, 6],
      [7, 8],
    ]);
    const ids = tf.tensor1d([1, 1, -1, 3], "int32");
    const y = tf.unsortedSegmentSum(x, ids, 3);
    await expectClose(y, { shape: [3, 2], data: [0, 0, 4, 6, 0, 0] }, {});
    tf.dispose([x, ids, y]);
  }));
