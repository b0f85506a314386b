import { compile } from "@nuwa/backends";
import { registerNode } from "@nuwa/backends/node";
import { AdamW, imageGrid, namedParams, Rng, valueAndGradients, videoGrid } from "@nuwa/tensor3d";
import { expectClose, expectNoLeak } from "@nuwa/testing";
import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, expect, test } from "vitest";
import type { Condition } from "./condition.ts";
import type { EncoderDecoderInput } from "./config.ts";
import { tinyConfig } from "./fixtures/tiny.ts";
import { EncoderDecoder } from "./model.ts";

beforeAll(async () => {
  await registerNode();
});

const grid = videoGrid(6, 6, 3); // large enough for the attention kernel
const conditions: Condition[] = [
  { kind: "text", tokens: Int32Array.from([1, 4]) },
  { kind: "sketch", grid: imageGrid(2, 2), codes: Int32Array.from([0, 3, 1, 2]) },
];

function createTraining(options: Partial<EncoderDecoderInput>, checkpointing: boolean) {
  const model = EncoderDecoder.create({ ...tinyConfig, targetGrid: grid, ...options }, new Rng(1));
  const params = namedParams(model);
  const optimizer = new AdamW(params, { clipNorm: 1 });
  return {
    params,
    step(targets: tf.Tensor, rate: tf.Tensor) {
      const given = { conditions, targets, grid, firstFrameWeight: 2, checkpointing };
      const loss = () => ({ loss: model.loss(given).loss });
      const { value, gradients } = valueAndGradients(loss, params);
      const norm = optimizer.step(gradients, rate as tf.Scalar);
      return { loss: value.loss, norm };
    },
    dispose() {
      model.dispose();
      optimizer.dispose();
    },
  };
}

test.each<[Partial<EncoderDecoderInput>, boolean, number]>([
  [{ relativeBias: true, tiedHead: true }, false, 200],
  [{ headDim: 6, rotary: true, sandwichNorm: true, feedForward: "swiglu" }, false, 30],
  [{ relativeBias: true }, true, 30],
])(
  "compiled, its attention between TensorFlow's functions, a model learns the same: %o, checkpointing %o, %i steps",
  (options, checkpointing, steps) =>
    expectNoLeak(async () => {
      const [plain, own] = [createTraining(options, checkpointing), createTraining(options, checkpointing)];
      const fast = compile(own.step);
      for (let step = 0; step < steps; step++) {
        const targets = tf.tensor2d(new Rng(2).fork(step % 4).integers(2 * 108, 7), [2, 108], "int32");
        const rate = tf.scalar(0.003 * 0.99 ** step);
        const expected = tf.tidy(() => plain.step(targets, rate));
        const actual = fast(targets, rate);
        await expectClose(actual.loss, expected.loss, { rtol: 1e-4 });
        await expectClose(actual.norm, expected.norm, { rtol: 1e-3 });
        tf.dispose([targets, rate, expected, actual]);
      }
      expect(fast.records[0].program?.outsideCalls).toBeGreaterThan(1);
      for (const [key, param] of Object.entries(plain.params)) {
        await expectClose(own.params[key], param, { rtol: 1e-4, atol: 1e-4 });
      }
      fast.dispose();
      plain.dispose();
      own.dispose();
    }),
);
