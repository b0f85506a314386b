import "@tensorflow/tfjs-backend-cpu";
import { expectClose } from "@nuwa/testing";
import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, describe, expect, test } from "vitest";
import { registerNode } from "./index.ts";
import { BACKEND_NAME } from "./kernel.ts";

beforeAll(async () => {
  await registerNode();
});

/** Numbers in [-1, 1] that look random. */
function values(...shape: number[]): tf.Tensor {
  const size = shape.reduce((product, length) => product * length, 1);
  return tf.tensor(
    Float32Array.from({ length: size }, (_, index) => Math.sin(index * 12.9898) % 1),
    shape,
  );
}

/** Fails unless the backend computes what tfjs's plain JavaScript does. */
async function expectAsOnCpu(run: () => tf.Tensor): Promise<void> {
  await tf.setBackend("cpu");
  const wanted = tf.tidy(run);
  const data = await wanted.data();
  await tf.setBackend(BACKEND_NAME);
  const actual = tf.tidy(run);
  await expectClose(actual, { shape: wanted.shape, data: data as Float32Array }, { atol: 1e-5 });
  tf.dispose([wanted, actual]);
}

const paddings = [
  0,
  1,
  2,
  [
    [0, 0],
    [2, 1],
    [0, 3],
    [0, 0],
  ],
  "same",
  "valid",
] as const;

describe.each(paddings.map((pad) => ({ pad, label: JSON.stringify(pad) })))(
  "convolution padded $label",
  ({ pad }) => {
    const padding = pad as number;
    test.each([1, 2])("stride %i, forward", (stride) =>
      expectAsOnCpu(() =>
        tf.conv2d(values(2, 7, 6, 3) as tf.Tensor4D, values(3, 3, 3, 4) as tf.Tensor4D, stride, padding),
      ),
    );

    test.each([1, 2])("stride %i, gradients", async (stride) => {
      const x = () => values(2, 7, 6, 3) as tf.Tensor4D;
      const filter = () => values(3, 3, 3, 4) as tf.Tensor4D;
      const attributes = { strides: stride, pad: padding, dataFormat: "NHWC" };
      const dy = () => tf.onesLike(tf.conv2d(x(), filter(), stride, padding));
      await expectAsOnCpu(() =>
        tf
          .engine()
          .runKernel(
            "Conv2DBackpropInput",
            { dy: dy(), filter: filter() },
            { ...attributes, inputShape: [2, 7, 6, 3] },
          ),
      );
      await expectAsOnCpu(() =>
        tf
          .engine()
          .runKernel(
            "Conv2DBackpropFilter",
            { x: x(), dy: dy() },
            { ...attributes, filterShape: [3, 3, 3, 4] },
          ),
      );
    });
  },
);

test("depthwise and fused convolutions take padding in numbers", async () => {
  const x = () => values(1, 5, 5, 2) as tf.Tensor4D;
  const filter = () => values(3, 3, 2, 2) as tf.Tensor4D;
  await expectAsOnCpu(() => tf.depthwiseConv2d(x(), filter(), 1, 1 as never));
  await expectAsOnCpu(() =>
    tf.fused.conv2d({
      x: x(),
      filter: filter(),
      strides: 1,
      pad: 1,
      bias: tf.tensor1d([1, -1]),
      activation: "relu",
    }),
  );
});

test("dimRoundingMode of ceil adds the windows that tfjs counts", () =>
  expectAsOnCpu(() =>
    tf.conv2d(values(1, 6, 6, 1) as tf.Tensor4D, values(3, 3, 1, 1) as tf.Tensor4D, 2, 0, "NHWC", 1, "ceil"),
  ));

test("gather checks its indices without reading them back", async () => {
  const result = tf.gather([10, 20, 30], tf.tensor1d([2, 0], "int32"));
  await expectClose(result, { shape: [2], data: [30, 10] }, {});
  const batched = tf.gather(
    tf.tensor2d([
      [1, 2],
      [3, 4],
    ]),
    tf.tensor2d([[1], [0]], [2, 1], "int32"),
    1,
    1,
  );
  await expectClose(batched, { shape: [2, 1], data: [2, 3] }, {});
  expect(() => tf.gather([10, 20], tf.tensor1d([5], "int32"))).toThrow("indices[0] = 5 is not in [0, 2)");
  tf.dispose([result, batched]);
});

test("multinomial takes probabilities", async () => {
  const draws = tf.multinomial(tf.tensor1d([0, 0.25, 0.75]), 4000, 7, true);
  const counts = [0, 0, 0];
  for (const draw of await draws.data()) counts[draw]++;
  expect(counts[0]).toBe(0);
  expect(counts[2] / 4000).toBeCloseTo(0.75, 1);
  draws.dispose();
});

test("searchSorted", async () => {
  const sorted = tf.tensor1d([1, 2, 2, 5]);
  const left = tf.searchSorted(sorted, tf.tensor1d([2, 6]), "left");
  const right = tf.searchSorted(sorted, tf.tensor1d([2, 6]), "right");
  await expectClose(left, { shape: [1, 2], data: [1, 4] }, {});
  await expectClose(right, { shape: [1, 2], data: [3, 4] }, {});
  tf.dispose([sorted, left, right]);
});

test.each<[string, () => tf.Tensor, number[]]>([
  ["argMax of booleans", () => tf.argMax(tf.tensor1d([0, 1, 0], "bool")), [1]],
  ["argMin", () => tf.argMin([3, 1, 2]), [1]],
  ["mean of whole numbers", () => tf.mean(tf.tensor1d([1, 2], "int32")), [1.5]],
  ["erf of a whole number", () => tf.erf(tf.tensor1d([1], "int32")), [0.8427]],
  ["prelu", () => tf.prelu([-2, 3], 0.5), [-1, 3]],
  ["clipByValue", () => tf.clipByValue([-2, 0.5, 3], -1, 1), [-1, 0.5, 1]],
  ["clipByValue of whole numbers", () => tf.clipByValue(tf.tensor1d([-2, 3], "int32"), -1, 1), [-1, 1]],
  ["step", () => tf.step([-2, 0, 3, Number.NaN], 0.5), [0.5, 0.5, 1, Number.NaN]],
  ["bitwiseAnd", () => tf.bitwiseAnd(tf.tensor1d([6, 5], "int32"), tf.tensor1d([3, 1], "int32")), [2, 1]],
])("%s", async (_, run, wanted) => {
  const result = tf.tidy(run);
  const data = await result.data();
  expect(Array.from(data, (value) => Math.round(value * 1e5) / 1e5)).toEqual(wanted);
  result.dispose();
});

test("works without what Node removed from util", async () => {
  const util = await import("node:util");
  expect("isNullOrUndefined" in util ? process.versions.node.split(".")[0] < "23" : true).toBe(true);
  const source = await import("node:fs/promises").then(({ readFile }) =>
    readFile(new URL("../generated/node-kernels.js", import.meta.url), "utf8"),
  );
  expect(source).not.toMatch(/require\("(node:)?util"\)|from "(node:)?util"/);
});
