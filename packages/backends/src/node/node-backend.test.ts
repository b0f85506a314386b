import { expectClose, expectNoLeak } from "@nuwa/testing";
import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, describe, expect, test } from "vitest";
import { loadNodeBackend, type NodeBackend, registerNode } from "./index.ts";
import { ATTRIBUTE, createTensorsTypeOpAttr } from "./op-attributes.ts";

let backend: NodeBackend;

beforeAll(async () => {
  const selected = await registerNode();
  expect(selected.name).toBe("node");
  expect(selected.detail).toMatch(/^libtensorflow 2\.\d+\.\d+, \d+ threads?$/);
  backend = await loadNodeBackend();
});

describe("operations", () => {
  test.each<[string, () => tf.Tensor, number[], number[]]>([
    ["add with a scalar", () => tf.add([1, 2], 3), [2], [4, 5]],
    [
      "matMul",
      () =>
        tf.matMul(
          [[1, 2]],
          [
            [3, 4],
            [5, 6],
          ],
        ),
      [1, 2],
      [13, 16],
    ],
    [
      "matMul transposed",
      () =>
        tf.matMul(
          [[1, 2]],
          [
            [3, 4],
            [5, 6],
          ],
          false,
          true,
        ),
      [1, 2],
      [11, 17],
    ],
    ["batched matMul", () => tf.matMul(tf.ones([2, 1, 3]), tf.ones([2, 3, 2])), [2, 1, 2], [3, 3, 3, 3]],
    [
      "sum over an axis",
      () =>
        tf.sum(
          [
            [1, 2],
            [3, 4],
          ],
          0,
        ),
      [2],
      [4, 6],
    ],
    ["transpose", () => tf.transpose([[1, 2, 3]]), [3, 1], [1, 2, 3]],
    ["slice", () => tf.slice([1, 2, 3, 4], 1, 2), [2], [2, 3]],
    ["concat", () => tf.concat([[1], [2, 3]].map((values) => tf.tensor1d(values))), [3], [1, 2, 3]],
    ["softmax of equal logits", () => tf.softmax([0, 0]), [2], [0.5, 0.5]],
    [
      "pad",
      () =>
        tf.pad(
          tf.tensor2d([[1]]),
          [
            [0, 1],
            [1, 0],
          ],
          7,
        ),
      [2, 2],
      [7, 1, 7, 7],
    ],
    ["int32 stays int32", () => tf.add(tf.tensor1d([1], "int32"), tf.scalar(1, "int32")), [1], [2]],
    ["a comparison", () => tf.cast(tf.greater([1, 3], 2), "int32"), [2], [0, 1]],
    ["a tensor of nothing", () => tf.add(tf.zeros([0, 2]), 1), [0, 2], []],
  ])("%s", (_, run, shape, data) =>
    expectNoLeak(async () => {
      const result = tf.tidy(run);
      await expectClose(result, { shape, data }, { atol: 1e-6 });
      result.dispose();
    }),
  );

  test("any TensorFlow operation runs by its name", async () => {
    const x = tf.tensor1d([1, 2, 3]);
    const attributes = [
      createTensorsTypeOpAttr("T", "float32"),
      { name: "N", type: ATTRIBUTE.int, value: 2 },
    ];
    const sum = backend.executeSingleOutput("AddN", attributes, [x, x]);
    await expectClose(sum, { shape: [3], data: [2, 4, 6] }, {});
    tf.dispose([x, sum]);
  });

  test("several outputs", async () => {
    const { values, indices } = tf.topk([3, 9, 5], 2);
    await expectClose(values, { shape: [2], data: [9, 5] }, {});
    await expectClose(indices, { shape: [2], data: [1, 2] }, {});
    tf.dispose([values, indices]);
  });

  test("text", async () => {
    const words = tf.reshape(tf.tensor1d(["a", "é", ""]), [3, 1]);
    expect(await words.data()).toEqual(["a", "é", ""]);
    words.dispose();
  });

  test("complex numbers", async () => {
    const numbers = tf.complex([1, 2], [3, 4]);
    const imaginary = tf.imag(numbers);
    await expectClose(imaginary, { shape: [2], data: [3, 4] }, {});
    tf.dispose([numbers, imaginary]);
  });
});

describe("errors", () => {
  test("name the operation and pass on TensorFlow's message", () => {
    const x = tf.tensor1d([1]);
    const run = () => backend.executeSingleOutput("NoSuchOperation", [], [x]);
    expect(run).toThrow(/^NoSuchOperation: .*neither a type of a primitive operation/);
    expect(run).toThrow(expect.objectContaining({ name: "NuwaError", code: "BACKEND" }));
    expect(Array.from(x.dataSync())).toEqual([1]); // and the next operation works
    x.dispose();
  });

  test("values that do not fill the shape", () => {
    expect(() => backend.binding.createTensor([3], backend.binding.TF_FLOAT, new Float32Array(2))).toThrow(
      "a tensor of 3 elements got 2 values",
    );
  });

  test("threads", async () => {
    await expect(registerNode({ threads: 0 })).rejects.toThrow(
      "threads must be a whole number of at least 1, got 0",
    );
  });
});

describe("memory", () => {
  test("reads are copies", () => {
    const written = tf.tensor1d([1, 2]);
    written.dataSync()[0] = 9;
    expect(Array.from(written.dataSync())).toEqual([1, 2]);
    const computed = tf.add(written, 0);
    const values = computed.dataSync();
    values[0] = 9;
    expect(Array.from(computed.dataSync())).toEqual([1, 2]);
    tf.dispose([written, computed]);
    expect(Array.from(values)).toEqual([9, 2]);
  });

  test("reshaped tensors share their values, under every shape that an operation needs", () =>
    expectNoLeak(async () => {
      const before = backend.tensorCount();
      const rows = tf.tidy(() => tf.add(tf.tensor2d([1, 2, 3, 4, 5, 6], [2, 3]), 0));
      const column = tf.reshape(rows, [6, 1]);
      const cube = tf.reshape(column, [3, 2, 1]);
      rows.dispose();
      const sum = tf.tidy(() => tf.add(tf.sum(cube, 0), tf.sum(column, 0))); // [2, 1]
      await expectClose(sum, { shape: [2, 1], data: [9 + 21, 12 + 21] }, {});
      await expectClose(cube, { shape: [3, 2, 1], data: [1, 2, 3, 4, 5, 6] }, {});
      tf.dispose([column, cube, sum]);
      expect(backend.tensorCount()).toBeLessThanOrEqual(before + 8); // constants
    }));

  test("what is disposed is freed, and nothing is left by 1000 operations", () => {
    const x = tf.tensor2d([
      [1, 2],
      [3, 4],
    ]);
    const run = () => {
      for (let index = 0; index < 250; index++) {
        tf.tidy(() => {
          tf.sum(tf.matMul(tf.transpose(x), tf.reshape(tf.slice(x, [0, 0], [1, 2]), [2, 1])), 0);
        });
      }
    };
    run(); // makes the constants
    const [tensors, handles] = [tf.memory().numTensors, backend.tensorCount()];
    run();
    expect(tf.memory().numTensors).toBe(tensors);
    expect(backend.tensorCount()).toBe(handles);
    x.dispose();
  });

  test("the process does not grow", () => {
    const run = () => {
      for (let index = 0; index < 40; index++) {
        tf.tidy(() => {
          tf.add(tf.ones([1 << 20]), 1).dataSync(); // 4 MB three times
        });
      }
    };
    run();
    const before = process.memoryUsage.rss();
    run();
    expect(process.memoryUsage.rss() - before).toBeLessThan(100e6); // of 480 MB that passed through
  });

  test("failed operations leave nothing", () => {
    const x = tf.ones([2, 3]);
    x.dataSync();
    const run = () => expect(() => backend.executeSingleOutput("MatMul", [], [x, x])).toThrow("MatMul");
    run();
    const handles = backend.tensorCount();
    run();
    expect(backend.tensorCount()).toBe(handles);
    x.dispose();
  });

  test("constants are bounded", () => {
    const x = tf.ones([1]);
    for (let size = 1; size <= 5000; size++) tf.tile(x, [size]).dispose();
    const before = backend.tensorCount();
    for (let size = 5001; size <= 10000; size++) tf.tile(x, [size]).dispose();
    expect(backend.tensorCount() - before).toBeLessThan(4096);
    x.dispose();
  });
});

describe("values for kernels that compute outside of TensorFlow", () => {
  test("are copied out, whether an operation has seen them or not, and under another shape", () =>
    expectNoLeak(() => {
      const written = tf.tensor1d([1, 2, 3, 4]);
      const computed = tf.add(written, 1);
      const reshaped = tf.reshape(computed, [2, 2]);
      const fresh = tf.tensor1d([5, 6]);
      const to = new Float32Array(4);
      backend.copyInto(reshaped, to);
      expect([...to]).toEqual([2, 3, 4, 5]);
      backend.copyInto(fresh, to.subarray(1, 3));
      expect([...to]).toEqual([2, 5, 6, 5]);
      backend.copyInto(computed, to.subarray(0, 2), 1);
      backend.copyInto(written, to.subarray(2), 2);
      expect([...to]).toEqual([3, 4, 3, 4]);
      expect(() => backend.copyInto(computed, to, 1)).toThrow(
        "wanted at most 12 bytes from byte 4 of a tensor on, got 16",
      );
      tf.dispose([written, computed, reshaped, fresh]);
    }));

  test("are written into an empty tensor part by part, also from WebAssembly's memory", () =>
    expectNoLeak(async () => {
      const memory = new Float32Array(new WebAssembly.Memory({ initial: 1 }).buffer, 64, 4).fill(7);
      const tensor = backend.emptyTensor([2, 2]);
      backend.copyFrom(tensor, memory.subarray(0, 1));
      backend.copyFrom(tensor, memory.fill(8).subarray(0, 3), 1);
      expect(() => backend.copyFrom(tensor, memory, 1)).toThrow(
        "wanted at most 12 bytes from byte 4 of a tensor on, got 16",
      );
      memory.fill(0);
      await expectClose(tensor, { shape: [2, 2], data: [7, 8, 8, 8] }, {});
      tensor.dispose();
    }));
});
