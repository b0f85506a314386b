import {
  AdamW,
  Conv2d,
  dropout,
  GroupNorm,
  gelu,
  LayerNorm,
  Linear,
  namedParams,
  Rng,
  randomNormal,
  silu,
  sparseCrossEntropy,
  valueAndGradients,
} from "@nuwa/tensor3d";
import { expectClose, expectNoLeak } from "@nuwa/testing";
import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, expect, test } from "vitest";
import { loadNodeBackend, type NodeBackend, registerNode } from "../node/index.ts";
import { compile } from "./compile.ts";
import type { Step } from "./run-step.ts";

let backend: NodeBackend;

beforeAll(async () => {
  await registerNode();
  backend = await loadNodeBackend();
});

interface Training {
  readonly params: Readonly<Record<string, tf.Variable>>;
  readonly step: Step<tf.Tensor[], tf.NamedTensorMap>;
  dispose(): void;
}

/** Trains the same twice, as it is and compiled, on inputs of each step, and compares losses and parameters. */
async function trainBoth(
  create: () => Training,
  inputsOf: (step: number) => tf.Tensor[],
  { steps = 50, rtol = 1e-4, outsideCalls = 0 } = {},
): Promise<void> {
  const [plain, own] = [create(), create()];
  const fast = compile(own.step);
  let first = 0;
  for (let step = 0; step < steps; step++) {
    const inputs = inputsOf(step);
    const expected = tf.tidy(() => plain.step(...inputs));
    const actual = fast(...inputs);
    await expectClose(actual.loss, expected.loss, { rtol });
    const [loss] = await actual.loss.data();
    if (step === 0) first = loss;
    if (step === steps - 1) expect(loss).toBeLessThan(first * 0.8);
    tf.dispose([inputs, expected, actual]);
  }
  expect(fast.records).toMatchObject([{ program: { outsideCalls } }]);
  for (const [key, param] of Object.entries(plain.params)) {
    await expectClose(own.params[key], param, { rtol, atol: rtol });
  }
  fast.dispose();
  plain.dispose();
  own.dispose();
}

/** Two layers with dropout, whose random numbers are an input. */
function perceptron(update: (params: Training["params"]) => Omit<Training, "params">): Training {
  const rng = new Rng(1);
  const layers = {
    expand: new Linear({ inFeatures: 6, outFeatures: 16 }, rng),
    norm: new LayerNorm({ dim: 16 }),
    contract: new Linear({ inFeatures: 16, outFeatures: 3 }, rng),
  };
  const params = namedParams(layers);
  const { step, dispose } = update(params);
  return {
    params,
    step: (x, mask, target) => {
      const { value, gradients } = valueAndGradients(() => {
        const hidden = gelu(layers.norm.apply(layers.expand.apply(x)));
        return { loss: tf.mean(tf.squaredDifference(layers.contract.apply(tf.mul(hidden, mask)), target)) };
      }, params);
      return { ...step(...Object.values(gradients)), ...value };
    },
    dispose: () => {
      tf.dispose(params);
      dispose();
    },
  };
}

function perceptronInputs(step: number): tf.Tensor[] {
  return tf.tidy(() => {
    const rng = new Rng(7).fork(step);
    const x = randomNormal([8, 6], rng);
    return [x, dropout(tf.ones([8, 16]), 0.1, rng), tf.sin(tf.slice(x, [0, 0], [8, 3]))];
  });
}

test("50 steps of a perceptron by gradient descent with momentum", () =>
  expectNoLeak(() =>
    trainBoth(
      () =>
        perceptron((params) => {
          const moments = Object.values(params).map((param) =>
            tf.tidy(() => tf.variable(tf.zerosLike(param))),
          );
          return {
            step: (...gradients) => {
              Object.values(params).forEach((param, index) => {
                moments[index].assign(tf.add(tf.mul(moments[index], 0.9), gradients[index]));
                param.assign(tf.sub(param, tf.mul(moments[index], 0.05)));
              });
              return {};
            },
            dispose: () => tf.dispose(moments),
          };
        }),
      perceptronInputs,
    ),
  ));

test("50 steps of a perceptron by AdamW, with clipping and a rate of its own for each step", () =>
  expectNoLeak(() =>
    trainBoth(
      () =>
        perceptron((params) => {
          const optimizer = new AdamW(params, { clipNorm: 1 });
          const rate = tf.tidy(() => tf.variable(tf.scalar(0.02)));
          return {
            step: (...gradients) => {
              const named = Object.fromEntries(
                Object.keys(params).map((key, index) => [key, gradients[index]]),
              );
              const norm = optimizer.step(named, rate);
              rate.assign(tf.mul(rate, 0.99));
              return { norm };
            },
            dispose: () => {
              optimizer.dispose();
              rate.dispose();
            },
          };
        }),
      perceptronInputs,
    ),
  ));

test("50 steps of a network with convolutions and GroupNorm, which runs outside of TensorFlow", () =>
  expectNoLeak(() => {
    const create = (): Training => {
      const rng = new Rng(3);
      const layers = {
        stem: new Conv2d({ inChannels: 3, outChannels: 8, kernel: 3, stride: 2 }, rng),
        first: new GroupNorm({ channels: 8, groups: 2 }),
        body: new Conv2d({ inChannels: 8, outChannels: 8, kernel: 3 }, rng),
        second: new GroupNorm({ channels: 8, groups: 4 }),
        head: new Linear({ inFeatures: 8, outFeatures: 4 }, rng),
      };
      const params = namedParams(layers);
      const optimizer = new AdamW(params);
      return {
        params,
        step: (images, labels) => {
          const { value, gradients } = valueAndGradients(() => {
            const stem = silu(layers.first.apply(layers.stem.apply(images)));
            const body = tf.add(stem, silu(layers.second.apply(layers.body.apply(stem))));
            const logits = layers.head.apply(tf.mean(body, [1, 2]));
            return { loss: tf.mean(sparseCrossEntropy(logits, labels)) };
          }, params);
          optimizer.step(gradients, 0.01);
          return { loss: value.loss };
        },
        dispose: () => {
          tf.dispose(params);
          optimizer.dispose();
        },
      };
    };
    const inputs = () => [randomNormal([4, 8, 8, 3], new Rng(5)), tf.tensor1d([0, 1, 2, 3], "int32")];
    return trainBoth(create, inputs, { outsideCalls: 4 });
  }));

test("2,000 calls hold no more tensors than one", async () => {
  const w = tf.tidy(() => tf.variable(tf.ones([4, 4])));
  const norm = new GroupNorm({ channels: 4, groups: 2 });
  const params = { w, ...namedParams(norm) };
  const step = compile((x) => {
    const { value, gradients } = valueAndGradients(
      () => ({ loss: tf.mean(tf.square(norm.apply(tf.matMul(x, w)))) }),
      params,
    );
    w.assign(tf.sub(w, tf.mul(gradients.w, 0.1)) as tf.Tensor2D);
    return { loss: value.loss };
  });
  const x = randomNormal([3, 4], new Rng(1));
  let before: number[] = [];
  for (let call = 0; call < 2000; call++) {
    step(x).loss.dispose();
    if (call === 3) before = [backend.tensorCount(), tf.memory().numTensors, backend.numDataIds()];
  }
  expect([backend.tensorCount(), tf.memory().numTensors, backend.numDataIds()]).toEqual(before);
  step.dispose();
  tf.dispose([params, x]);
});
