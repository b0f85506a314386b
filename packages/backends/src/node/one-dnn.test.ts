import "@tensorflow/tfjs-backend-cpu";
import {
  Conv2d,
  FUSED_KERNELS,
  gelu,
  LayerNorm,
  namedParams,
  Rng,
  runFused,
  silu,
  valueAndGradients,
} from "@nuwa/tensor3d";
import { expectClose, expectNoLeak } from "@nuwa/testing";
import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, expect, test } from "vitest";
import { registerNode } from "./index.ts";
import { BACKEND_NAME } from "./kernel.ts";

beforeAll(async () => {
  await registerNode();
});

function normal(shape: number[]): tf.Tensor {
  const size = shape.reduce((product, length) => product * length, 1);
  return tf.tensor(new Rng(3).normal(size), shape);
}

test.skipIf(process.platform === "darwin")("libtensorflow has the operations", () => {
  expect(tf.getKernel(FUSED_KERNELS.silu, BACKEND_NAME)).toBeDefined();
});

test.each([[[]], [[7]], [[2, 3, 5, 4]], [[0, 4]]])("silu of the shape [%s] is x / (1 + e^-x)", (shape) =>
  expectNoLeak(async () => {
    const x = tf.tidy(() => tf.mul(normal(shape), 20));
    const y = silu(x);
    const expected = Float32Array.from(await x.data(), (value) => value / (1 + Math.exp(-value)));
    await expectClose(y, { shape, data: expected }, { atol: 1e-6, rtol: 1e-5 });
    tf.dispose([x, y]);
  }),
);

test("linearGelu is gelu of a product and a bias", () =>
  expectNoLeak(async () => {
    const [x, weight, bias] = [normal([37, 24]), normal([24, 50]), normal([50])];
    const fused = runFused("linearGelu", { x, weight, bias });
    const expected = tf.tidy(() => gelu(tf.add(tf.matMul(x as tf.Tensor2D, weight as tf.Tensor2D), bias)));
    if (process.platform !== "darwin") await expectClose(fused!, expected, { atol: 1e-5, rtol: 1e-5 });
    tf.dispose([x, weight, bias, expected, ...(fused ? [fused] : [])]);
  }));

const layers = {
  "LayerNorm and silu": () => {
    const norm = new LayerNorm({ dim: 8 });
    return { norm, apply: (x: tf.Tensor) => silu(norm.apply(x)), dispose: () => norm.dispose() };
  },
  "a convolution, padded as is usual": () =>
    new Conv2d({ inChannels: 8, outChannels: 3, kernel: 3 }, new Rng(1)),
  "a convolution, padded by 1": () =>
    new Conv2d({ inChannels: 8, outChannels: 3, kernel: 4, padding: 1 }, new Rng(1)),
  "a strided convolution, padded by 1": () =>
    new Conv2d({ inChannels: 8, outChannels: 3, kernel: 4, stride: 2, padding: 1 }, new Rng(1)),
  "a convolution without padding": () =>
    new Conv2d({ inChannels: 8, outChannels: 3, kernel: 3, padding: "valid" }, new Rng(1)),
};

test.each(Object.entries(layers))("%s: values and gradients are those of the cpu backend", (_, create) =>
  expectNoLeak(async () => {
    const results: { shape: number[]; data: Float32Array }[][] = [];
    for (const backend of ["cpu", BACKEND_NAME]) {
      await tf.setBackend(backend);
      const layer = create();
      const params = {
        ...namedParams(layer),
        x: tf.tidy(() => tf.variable(tf.add(normal([2, 6, 6, 8]), 1))),
      };
      const { value, gradients } = valueAndGradients(() => {
        const y = layer.apply(params.x);
        return { loss: tf.sum(tf.mul(y, tf.sin(tf.mul(y, 3)))), y };
      }, params);
      const tensors = [value.y, ...Object.values(gradients)];
      results.push(
        await Promise.all(
          tensors.map(async (tensor) => ({
            shape: tensor.shape,
            data: (await tensor.data()) as Float32Array,
          })),
        ),
      );
      tf.dispose([value, gradients, params.x]);
      layer.dispose();
    }
    const [expected, actual] = results;
    for (const [index, { shape, data }] of actual.entries()) {
      const tensor = tf.tensor(data, shape);
      await expectClose(tensor, expected[index], { atol: 5e-5, rtol: 1e-4 });
      tensor.dispose();
    }
  }),
);

test("LeakyReLU and its gradient, by hand", () =>
  expectNoLeak(async () => {
    const x = tf.tidy(() => tf.variable(tf.tensor1d([-2, 0, 3])));
    const { value, gradients } = valueAndGradients(
      () => ({ loss: tf.sum(tf.mul(tf.leakyRelu(x, 0.2), [5, 7, 11])) }),
      { x },
    );
    await expectClose(value.loss, { shape: [], data: [31] }, { atol: 1e-5 });
    await expectClose(gradients.x, { shape: [3], data: [1, 1.4, 11] }, { atol: 1e-6 });
    tf.dispose([x, value.loss, gradients.x]);
  }));
