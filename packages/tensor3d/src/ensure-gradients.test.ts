import { expectClose, expectNoLeak, useCpu } from "@nuwa/testing";
import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, describe, expect, test } from "vitest";
import { ensureGradients } from "./ensure-gradients.ts";
import { Rng, randomNormal } from "./rng.ts";

const hostGradient: tf.GradConfig = {
  kernelName: "Softplus",
  inputsToSave: ["features"],
  gradFunc: (dy) => ({ x: () => tf.mul(dy as tf.Tensor, 42) }),
};

beforeAll(async () => {
  await useCpu();
  tf.registerGradient(hostGradient);
  ensureGradients();
});

test("tfjs-core's gradients are there, and a gradient of the host program stays", () => {
  expect(tf.getGradient("Softmax")).toBeDefined();
  expect(tf.getGradient("Conv2D")).toBeDefined();
  expect(tf.getGradient("Softplus")).toBe(hostGradient);
});

test("calling it again registers nothing", () => {
  const registered = tf.getGradient("BatchMatMul");
  ensureGradients();
  expect(tf.getGradient("BatchMatMul")).toBe(registered);
});

interface Case {
  readonly name: string;
  readonly shapes: readonly number[][];
  readonly f: (...inputs: tf.Tensor[]) => tf.Tensor;
}

const indices = (values: number[], shape: number[]) => tf.tensor(values, shape, "int32");

const cases: Case[] = [
  {
    name: "matMul, b for the whole batch",
    shapes: [
      [2, 3, 5, 7],
      [7, 6],
    ],
    f: (a, b) => tf.matMul(a, b),
  },
  {
    name: "matMul, b for the whole batch, transposed",
    shapes: [
      [2, 5, 7],
      [6, 7],
    ],
    f: (a, b) => tf.matMul(a, b, false, true),
  },
  {
    name: "matMul, a for the whole batch",
    shapes: [
      [1, 1, 3, 4],
      [2, 3, 4, 2],
    ],
    f: (a, b) => tf.matMul(a, b),
  },
  {
    name: "matMul, broadcast, a transposed",
    shapes: [
      [1, 4, 3],
      [3, 4, 2],
    ],
    f: (a, b) => tf.matMul(a, b, true),
  },
  {
    name: "matMul, broadcast, both transposed",
    shapes: [
      [2, 4, 3],
      [1, 2, 4],
    ],
    f: (a, b) => tf.matMul(a, b, true, true),
  },
  {
    name: "matMul, b transposed",
    shapes: [
      [2, 3, 4],
      [2, 2, 4],
    ],
    f: (a, b) => tf.matMul(a, b, false, true),
  },
  {
    name: "maximum, broadcast",
    shapes: [
      [2, 3, 4],
      [3, 1],
    ],
    f: (a, b) => tf.maximum(a, b),
  },
  { name: "maximum with a scalar", shapes: [[5]], f: (a) => tf.maximum(a, 0.1) },
  { name: "minimum, broadcast", shapes: [[4], [3, 4]], f: (a, b) => tf.minimum(a, b) },
  { name: "squaredDifference", shapes: [[5], [5]], f: (a, b) => tf.squaredDifference(a, b) },
  {
    name: "squaredDifference, broadcast",
    shapes: [
      [2, 3, 1],
      [3, 4],
    ],
    f: (a, b) => tf.squaredDifference(a, b),
  },
  { name: "squaredDifference with a scalar", shapes: [[3, 2], []], f: (a, b) => tf.squaredDifference(a, b) },
  { name: "gather, repeated indices", shapes: [[5, 3]], f: (x) => tf.gather(x, indices([4, 0, 4], [3])) },
  {
    name: "gather along the middle",
    shapes: [[2, 5, 3]],
    f: (x) => tf.gather(x, indices([4, 0, 4, 1], [2, 2]), 1),
  },
  { name: "gather along the last axis", shapes: [[2, 5]], f: (x) => tf.gather(x, indices([4, 4], [2]), -1) },
  {
    name: "gather, one batch axis",
    shapes: [[2, 5, 3]],
    f: (x) => tf.gather(x, indices([4, 4, 0, 1, 2, 2], [2, 3]), 1, 1),
  },
  {
    name: "gather, a batch axis and an outer one",
    shapes: [[2, 3, 4]],
    f: (x) => tf.gather(x, indices([3, 3, 0, 1], [2, 2]), 2, 1),
  },
  { name: "gatherND", shapes: [[3, 4]], f: (x) => tf.gatherND(x, indices([0, 1, 2, 3, 0, 1], [3, 2])) },
  { name: "scatterND", shapes: [[3, 2]], f: (x) => tf.scatterND(indices([3, 0, 3], [3, 1]), x, [5, 2]) },
  {
    name: "tensorScatterUpdate",
    shapes: [
      [4, 2],
      [2, 2],
    ],
    f: (x, u) => tf.tensorScatterUpdate(x, indices([3, 1], [2, 1]), u),
  },
  { name: "prod over an axis", shapes: [[2, 3, 4]], f: (x) => tf.prod(x, 1) },
  { name: "prod over two axes, kept", shapes: [[2, 3, 2]], f: (x) => tf.prod(x, [0, -1], true) },
  { name: "prod over everything", shapes: [[2, 3]], f: (x) => tf.prod(x) },
  { name: "tile, rank 5", shapes: [[1, 2, 1, 2, 2]], f: (x) => tf.tile(x, [2, 1, 3, 2, 1]) },
  { name: "tile, rank 2", shapes: [[2, 3]], f: (x) => tf.tile(x, [3, 2]) },
  { name: "depthToSpace", shapes: [[2, 2, 3, 8]], f: (x) => tf.depthToSpace(x as tf.Tensor4D, 2) },
  {
    name: "mirrorPad, reflect",
    shapes: [[3, 4]],
    f: (x) =>
      tf.mirrorPad(
        x,
        [
          [1, 2],
          [2, 0],
        ],
        "reflect",
      ),
  },
  {
    name: "mirrorPad, symmetric",
    shapes: [[3, 2]],
    f: (x) =>
      tf.mirrorPad(
        x,
        [
          [1, 2],
          [0, 2],
        ],
        "symmetric",
      ),
  },
  { name: "stridedSlice", shapes: [[5, 7]], f: (x) => tf.stridedSlice(x, [0, 1], [5, 7], [2, 3]) },
  {
    name: "stridedSlice backwards",
    shapes: [[5, 6]],
    f: (x) => tf.stridedSlice(x, [4, 5], [0, 0], [-2, -1]),
  },
  {
    name: "stridedSlice with masks",
    shapes: [[2, 3, 4]],
    f: (x) => tf.stridedSlice(x, [0, 1], [0, 2], [1, 1], 1, 0, 1, 0, 2),
  },
  {
    name: "einsum, a product",
    shapes: [
      [2, 3, 4],
      [2, 4, 5],
    ],
    f: (a, b) => tf.einsum("bij,bjk->bik", a, b),
  },
  {
    name: "einsum, an axis summed alone",
    shapes: [
      [2, 3],
      [2, 4],
    ],
    f: (a, b) => tf.einsum("ij,ik->k", a, b),
  },
  { name: "einsum, to a scalar", shapes: [[3], [3]], f: (a, b) => tf.einsum("i,i->", a, b) },
  { name: "einsum, one operand", shapes: [[2, 3]], f: (a) => tf.einsum("ij->j", a) },
  { name: "einsum, transposed", shapes: [[2, 3]], f: (a) => tf.einsum("ij->ji", a) },
  {
    name: "where on a comparison",
    shapes: [[6]],
    f: (x) => tf.where(tf.greater(x, 0), tf.square(x), tf.mul(x, 0.5)),
  },
  {
    name: "where on logic",
    shapes: [[6]],
    f: (x) => tf.where(tf.logicalOr(tf.less(x, -0.5), tf.logicalNot(tf.less(x, 0.5))), x, tf.mul(x, 3)),
  },
  { name: "bandPart", shapes: [[2, 3, 3]], f: (x) => tf.linalg.bandPart(x, 1, 0) },
  { name: "softmax", shapes: [[2, 5]], f: (x) => tf.softmax(x) },
  { name: "logSumExp", shapes: [[2, 5]], f: (x) => tf.logSumExp(x, -1) },
  {
    name: "conv2d",
    shapes: [
      [2, 5, 5, 2],
      [3, 3, 2, 3],
    ],
    f: (x, w) => tf.conv2d(x as tf.Tensor4D, w as tf.Tensor4D, 2, "same"),
  },
  {
    name: "conv2dTranspose",
    shapes: [
      [2, 2, 2, 2],
      [3, 3, 2, 2],
    ],
    f: (x, w) => tf.conv2dTranspose(x as tf.Tensor4D, w as tf.Tensor4D, [2, 4, 4, 2], 2, "same"),
  },
  { name: "avgPool", shapes: [[2, 4, 4, 2]], f: (x) => tf.avgPool(x as tf.Tensor4D, 2, 2, "valid") },
  {
    name: "slice, concat, pad",
    shapes: [[2, 4]],
    f: (x) =>
      tf.pad(tf.concat([x, tf.slice(x, [0, 1], [2, 2])], 1), [
        [1, 0],
        [0, 2],
      ]),
  },
  {
    name: "split, stack, transpose",
    shapes: [[2, 4]],
    f: (x) => tf.transpose(tf.stack(tf.split(x, 2, 1), 1), [1, 2, 0]),
  },
  {
    name: "mean, sum, cumsum",
    shapes: [[2, 3, 2]],
    f: (x) => tf.cumsum(tf.add(tf.mean(x, [1], true), tf.sum(x, [0, 2], true)), 1),
  },
];

describe("gradients agree with central differences:", () => {
  test.each(cases)("$name", ({ shapes, f }) =>
    expectNoLeak(async () => {
      const rng = new Rng(3);
      const inputs = shapes.map((shape) => randomNormal(shape, rng));
      const weight = tf.tidy(() => randomNormal(f(...inputs).shape, rng));
      const loss = (...xs: tf.Tensor[]) => tf.sum(tf.mul(f(...xs), weight)) as tf.Scalar;
      const { value, grads } = tf.valueAndGrads(loss)(inputs);
      for (const [index, gradient] of grads.entries()) {
        const differences = await centralDifferences(loss, inputs, index);
        await expectClose(
          gradient,
          { shape: inputs[index].shape, data: differences },
          { atol: 2e-2, rtol: 1e-2 },
        );
      }
      tf.dispose([value, grads, inputs, weight]);
    }),
  );
});

async function centralDifferences(f: (...xs: tf.Tensor[]) => tf.Tensor, inputs: tf.Tensor[], index: number) {
  const step = 2 ** -8;
  const values = (await inputs[index].data()).slice() as Float32Array;
  const at = (place: number, offset: number) =>
    tf.tidy(() => {
      const moved = values.slice();
      moved[place] += offset;
      const xs = inputs.map((x, other) => (other === index ? tf.tensor(moved, x.shape) : x));
      return f(...xs).dataSync()[0];
    });
  return values.map((_, place) => (at(place, step) - at(place, -step)) / (2 * step));
}
