import type { Mode } from "@nuwa/backends";
import { probeNode, registerNode } from "@nuwa/backends/node";
import { EncoderDecoder } from "@nuwa/encdec";
import type { TaskBatch } from "@nuwa/tasks";
import { AdamW, imageGrid, namedParams, Rng, readBack, videoGrid } from "@nuwa/tensor3d";
import { expectNoLeak, isRequired } from "@nuwa/testing";
import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, expect, test } from "vitest";
import { TransformerSteps } from "./transformer-step.ts";

let missing: string | undefined;
beforeAll(async () => {
  const probe = await probeNode();
  if (probe.available || isRequired("node")) await registerNode({ fetch: false });
  else missing = probe.reason;
});

const grid = videoGrid(4, 4, 2);

/** Both tasks in turn, other samples each time. */
function batchesOf(step: number): TaskBatch[] {
  const rng = new Rng(2).fork(step);
  const task = step % 2 === 0 ? "textToVideo" : "textToImage";
  const target = step % 2 === 0 ? grid : imageGrid(4, 4);
  const tokens = target.frames * 16;
  return ["first", "second"].map((part) => {
    const own = rng.fork(part);
    const texts = [0, 1].map(() => own.integers(2, 4));
    return { task, grid: target, texts, codes: own.integers(2 * tokens, 3), firstFrameWeight: 0.5 };
  });
}

interface Case {
  /** Of None, of lost words, of random codes and of blind rows. */
  readonly noise: number;
  readonly dropout: number;
  readonly checkpointing: boolean;
}

function createSteps(compile: boolean | Mode, { noise, dropout, checkpointing }: Case) {
  const model = EncoderDecoder.create(
    {
      dim: 16,
      heads: 2,
      encoderLayers: 1,
      decoderLayers: 2,
      codebookSize: 16,
      textLength: 3,
      textVocabulary: 4,
      targetGrid: grid,
      dropout,
      decoderPattern: { kind: "nearby", extent: [3, 3, 3] },
    },
    new Rng(1),
  );
  const params = namedParams(model);
  const learner = { model, params, optimizer: new AdamW(params, { clipNorm: 1, epsilon: 1e-4 }) };
  const settings = { noneShare: noise, wordDropout: noise, inputNoise: noise, checkpointing };
  const steps = new TransformerSteps(learner, { ...settings, precision: "float32", compile });
  return {
    params,
    run: (batches: readonly TaskBatch[], rng: Rng, learningRate: number) =>
      steps.run(batches, { rng, learningRate, blindShare: noise }),
    dispose() {
      steps.dispose();
      learner.optimizer.dispose();
      model.dispose();
    },
  };
}

/** The losses and the weights after some steps. */
async function trained(compile: boolean | Mode, count: number, options: Case) {
  const steps = createSteps(compile, options);
  const losses: number[] = [];
  let tensors = 0;
  for (let step = 0; step < count; step++) {
    const scalars = steps.run(batchesOf(step), new Rng(4).fork(step), 1e-3 * (1 - step / count));
    const [loss] = await readBack([Object.values(scalars)[0]]);
    losses.push(loss[0]);
    tf.dispose(scalars);
    if (step === 9) tensors = tf.memory().numTensors;
  }
  expect(tf.memory().numTensors).toBe(tensors);
  const weights = await readBack(Object.values(steps.params));
  steps.dispose();
  return { losses, weights };
}

test.for<[number, true | Mode, Case]>([
  [200, true, { noise: 0.2, dropout: 0, checkpointing: false }],
  [200, true, { noise: 0.2, dropout: 0.1, checkpointing: false }],
  [30, true, { noise: 0.2, dropout: 0.1, checkpointing: true }],
  [30, "auto", { noise: 0.2, dropout: 0, checkpointing: false }],
])(
  "%i steps of two tasks, with two batches each, compiled (%s) are the steps themselves to 1e-4: %o",
  ([count, mode, options], context) => {
    if (missing) context.skip(missing);
    return expectNoLeak(async () => {
      const plain = await trained(false, count, options);
      const compiled = await trained(mode, count, options);
      if (count === 200) expect(plain.losses.at(-1)).toBeLessThan(0.7 * plain.losses[1]);
      for (const [step, loss] of plain.losses.entries()) {
        expect(Math.abs(compiled.losses[step] / loss - 1)).toBeLessThan(1e-4);
      }
      for (const [index, expected] of plain.weights.entries()) {
        const largest = Math.max(...expected.map(Math.abs));
        const error = Math.max(
          ...expected.map((value, place) => Math.abs(value - compiled.weights[index][place])),
        );
        expect(error / largest).toBeLessThan(1e-4);
      }
    });
  },
);

test("replays drop other features each time, those of the step itself", (context) => {
  if (missing) context.skip(missing);
  return expectNoLeak(async () => {
    const options = { noise: 0, dropout: 0.5, checkpointing: false };
    const [plain, compiled] = [false, true].map((compile) => createSteps(compile, options));
    const batch = batchesOf(0)[0];
    const losses: number[] = [];
    for (let step = 0; step < 8; step++) {
      // Without updates or noise the masks alone change.
      const [expected, actual] = [plain, compiled].map((steps) => steps.run([batch], new Rng(step), 0));
      const [[loss], [own]] = await readBack([expected, actual].map((scalars) => Object.values(scalars)[0]));
      expect(Math.abs(own / loss - 1)).toBeLessThan(1e-5);
      losses.push(own);
      tf.dispose([expected, actual]);
    }
    expect(new Set(losses).size).toBe(8);
    plain.dispose();
    compiled.dispose();
  });
});
