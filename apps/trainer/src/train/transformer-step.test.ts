import { EncoderDecoder } from "@nuwa/encdec";
import type { TaskBatch } from "@nuwa/tasks";
import { AdamW, namedParams, Rng, videoGrid } from "@nuwa/tensor3d";
import { expectClose, expectNoLeak, useCpu } from "@nuwa/testing";
import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, expect, test } from "vitest";
import { type Learner, TransformerSteps } from "./transformer-step.ts";

beforeAll(useCpu);

const grid = videoGrid(2, 2, 2);

function learner(): Learner {
  const config = {
    dim: 8,
    heads: 2,
    encoderLayers: 1,
    decoderLayers: 1,
    codebookSize: 5,
    textLength: 3,
    textVocabulary: 4,
    targetGrid: grid,
    decoderPattern: { kind: "nearby" as const, extent: [3, 3, 3] as [number, number, number] },
  };
  const model = EncoderDecoder.create(config, new Rng(1));
  const params = namedParams(model);
  // The epsilon keeps steps small where a gradient is all rounding.
  return { model, params, optimizer: new AdamW(params, { clipNorm: 1, epsilon: 1e-3 }) };
}

/** Samples `from` to `to` of four. */
function batchOf(from: number, to: number): TaskBatch {
  const codes = new Rng(2).integers(4 * 8, 5);
  const texts = Array.from({ length: 4 }, (_, index) => Int32Array.of(index));
  return { task: "textToVideo", grid, texts: texts.slice(from, to), codes: codes.slice(8 * from, 8 * to) };
}

async function trained(batches: readonly TaskBatch[], checkpointing: boolean) {
  const own = learner();
  const training = {
    noneShare: 0,
    wordDropout: 0,
    inputNoise: 0,
    checkpointing,
    precision: "float32" as const,
    compile: true,
  };
  const steps = new TransformerSteps(own, training);
  const scalars = steps.run(batches, {
    rng: new Rng(3),
    learningRate: 0.01,
    blindShare: 0,
  });
  expect(Object.keys(scalars)).toEqual(["textToVideo", "gradientNorm"]);
  const [loss, norm] = await Promise.all(Object.values(scalars).map((scalar) => scalar.data()));
  tf.dispose(scalars);
  steps.dispose();
  own.optimizer.dispose();
  return { loss: loss[0], norm: norm[0], own };
}

test.each([
  ["two batches of two", [batchOf(0, 2), batchOf(2, 4)], false],
  ["four batches of one", [0, 1, 2, 3].map((index) => batchOf(index, index + 1)), false],
  ["one batch, checkpointed", [batchOf(0, 4)], true],
  ["two batches, checkpointed", [batchOf(0, 2), batchOf(2, 4)], true],
])("%s move the weights as one batch of four does", (_, batches, checkpointing) =>
  expectNoLeak(async () => {
    const whole = await trained([batchOf(0, 4)], false);
    const parts = await trained(batches, checkpointing);
    expect(parts.loss).toBeCloseTo(whole.loss, 5);
    expect(parts.norm).toBeCloseTo(whole.norm, 5);
    for (const [key, param] of Object.entries(parts.own.params)) {
      await expectClose(param, whole.own.params[key], { atol: 1e-5 });
    }
    for (const { own } of [whole, parts]) own.model.dispose();
  }),
);
