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

test("matMul by the same numbers in two shapes, by hand", () =>
  expectNoLeak(async () => {
    const b = tf.tensor2d([1, 2, 3, 4], [2, 2]);
    const column = tf.reshape(b, [4, 1]);
    const rows = [tf.tensor2d([[1, 10]]), tf.tensor2d([[1, 10, 100, 1000]])];
    const [first, second] = [tf.matMul(rows[0], b), tf.matMul(rows[1], column)];
    await expectClose(first, { shape: [1, 2], data: [31, 42] }, {});
    await expectClose(second, { shape: [1, 1], data: [4321] }, {});
    tf.dispose([b, column, ...rows, first, second]);
  }));

test.each([
  [[0], false, [2, 3], [8, 10, 12, 14, 16, 18]],
  [[1], true, [2, 1, 3], [5, 7, 9, 17, 19, 21]],
  [[0, 1], false, [3], [22, 26, 30]],
  [[0, 2], false, [2], [30, 48]],
  [[2], false, [2, 2], [6, 15, 24, 33]],
])(
  "sums over the axes %j, by hand, of a tensor that was summed otherwise before",
  (axes, kept, shape, data) =>
    expectNoLeak(async () => {
      const x = tf.tensor3d([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12], [2, 2, 3]);
      const before = tf.sum(x, 0);
      const y = tf.sum(x, axes, kept);
      await expectClose(y, { shape, data }, { rtol: 1e-6 });
      tf.dispose([x, before, y]);
    }),
);

test("a sum over many positions, in one stage and in two", () =>
  expectNoLeak(async () => {
    const x = tf.fill([1, 65_521, 3], 0.1); // a prime
    const smooth = tf.fill([1, 65_536, 3], 0.1);
    const [prime, even] = [tf.sum(x, 1), tf.sum(smooth, 1)];
    await expectClose(prime, { shape: [1, 3], data: [6552.1, 6552.1, 6552.1] }, { rtol: 1e-4 });
    await expectClose(even, { shape: [1, 3], data: [6553.6, 6553.6, 6553.6] }, { rtol: 1e-6 });
    tf.dispose([x, smooth, prime, even]);
  }));

test.each([
  [256, 32_768], // 128 kB a row, twice the stack
  [3, 65_521], // a prime: not pooled
])("a sum of %i rows of %i numbers leaves the rest of the memory alone", (rows, width) =>
  expectNoLeak(async () => {
    const bystanders = Array.from({ length: 50 }, (_, index) => tf.fill([100], index));
    const x = tf.ones([rows, width]);
    const y = tf.sum(x, 0);
    await expectClose(y, { shape: [width], data: new Float32Array(width).fill(rows) }, { rtol: 1e-6 });
    for (const [index, bystander] of bystanders.entries()) {
      await expectClose(bystander, { shape: [100], data: new Float32Array(100).fill(index) }, {});
    }
    tf.dispose([bystanders, x, y]);
  }),
);

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
