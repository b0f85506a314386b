import { FUSED_KERNELS, Rng, runFused } from "@nuwa/tensor3d";
import { expectClose, expectNoLeak } from "@nuwa/testing";
import * as tf from "@tensorflow/tfjs-core";
import { afterAll, beforeEach, expect, test } from "vitest";
import { backends } from "../testing/backends.ts";
import { checkErrors, closeWebgpu } from "./index.ts";

beforeEach(backends.webgpu);
afterAll(closeWebgpu);

function gelu(v: number): number {
  return 0.5 * v * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (v + 0.044715 * v ** 3)));
}

test("by hand: products 2 and -1, biases 1 and 0", () =>
  expectNoLeak(async () => {
    const [x, weight, bias] = [tf.tensor2d([[1, 1]]), tf.tensor2d([[1, -1], [1, 0]]), tf.tensor1d([1, 0])]; // biome-ignore format: a matrix
    const y = runFused("linearGelu", { x, weight, bias })!;
    await expectClose(y, { shape: [1, 2], data: [2.9964, -0.1588] }, { atol: 1e-4 });
    tf.dispose([x, weight, bias, y]);
  }));

test.each([
  [1, 3, 5],
  [37, 24, 50],
  [70, 16, 128],
])("%i rows, %i by %i features: values are those of float64", (rows, inputs, outputs) =>
  expectNoLeak(async () => {
    const rng = new Rng(3);
    const [a, w, b] = [rng.normal(rows * inputs), rng.normal(inputs * outputs), rng.normal(outputs)];
    const data = Float64Array.from({ length: rows * outputs }, (_, index) => {
      const [row, column] = [Math.floor(index / outputs), index % outputs];
      let sum = b[column];
      for (let k = 0; k < inputs; k++) sum += a[row * inputs + k] * w[k * outputs + column];
      return gelu(sum);
    });
    const [x, weight, bias] = [tf.tensor(a, [rows, inputs]), tf.tensor(w, [inputs, outputs]), tf.tensor1d(b)];
    const y = runFused("linearGelu", { x, weight, bias })!;
    await expectClose(y, { shape: [rows, outputs], data }, { atol: 1e-5, rtol: 1e-5 });
    tf.dispose([x, weight, bias, y]);
  }),
);

test("large inputs of either sign stay finite", () =>
  expectNoLeak(async () => {
    const [x, weight, bias] = [tf.tensor2d([[1]]), tf.tensor2d([[1000, -1000]]), tf.zeros([2])];
    const y = runFused("linearGelu", { x, weight, bias })!;
    await expectClose(y, { shape: [1, 2], data: [1000, 0] }, { atol: 1e-20 });
    tf.dispose([x, weight, bias, y]);
  }));

test("it is registered, and no command was invalid", () => {
  expect(tf.getKernel(FUSED_KERNELS.linearGelu, "webgpu")).toBeDefined();
  checkErrors();
});
