import { kernelMemory } from "@nuwa/attention-3dna";
import { imageGrid, Rng, videoGrid } from "@nuwa/tensor3d";
import { useCpu } from "@nuwa/testing";
import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, expect, test } from "vitest";
import type { Condition } from "./condition.ts";
import { loud, tinyConfig } from "./fixtures/tiny.ts";
import { generate } from "./generate.ts";
import { EncoderDecoder } from "./model.ts";
import { decodeSchedule } from "./schedule.ts";

beforeAll(useCpu);

const grid = videoGrid(3, 3, 3);
const conditions: Condition[] = [
  { kind: "none" },
  { kind: "text", tokens: Int32Array.from([1, 4]) },
  { kind: "sketch", grid: imageGrid(2, 2), codes: Int32Array.from([0, 3, 1, 2]) },
];

test("60 generations, a third of them aborted at a random step, leave nothing behind", async () => {
  const model = loud(EncoderDecoder.create(tinyConfig, new Rng(1)), 2);
  const rng = new Rng(3);
  const steps = decodeSchedule({ pattern: model.decoderPattern, grid }).length;
  const [tensors, { kept }] = [tf.memory().numTensors, kernelMemory()];
  let total = 0;
  let aborted = 0;
  for (let round = 0; round < 60; round++) {
    const controller = new AbortController();
    const last = round % 3 === 0 ? 1 + rng.integers(1, steps)[0] : undefined;
    let done = 0;
    const started = generate(model, {
      condition: conditions[round % conditions.length],
      grid,
      samples: 1 + (round % 2),
      guidance: round % 4 === 0 ? 2 : 1,
      sampler: { seed: round },
      signal: controller.signal,
      onStep: ({ step }) => {
        done = step;
        if (step === last) controller.abort(new Error("enough"));
      },
    });
    if (last === undefined) await started;
    else {
      await expect(started).rejects.toThrow("enough");
      expect(done).toBe(last); // no step after the one in which it was aborted
      aborted++;
    }
    expect(tf.memory().numTensors).toBe(tensors);
    expect(kernelMemory().kept).toBe(kept);
    if (round === 12) total = kernelMemory().total; // every kind of generation was there once
    if (round > 12) expect(kernelMemory().total).toBe(total);
  }
  expect(aborted).toBe(20);
  model.dispose();
});
