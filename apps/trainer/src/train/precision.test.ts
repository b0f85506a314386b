import { probeNode, registerNode } from "@nuwa/backends/node";
import { EncoderDecoder } from "@nuwa/encdec";
import { jointLoss, type TaskBatch } from "@nuwa/tasks";
import {
  AdamW,
  autocast,
  namedParams,
  type ProductPrecision,
  Rng,
  valueAndGradients,
  videoGrid,
} from "@nuwa/tensor3d";
import { expectNoLeak, isRequired } from "@nuwa/testing";
import * as tf from "@tensorflow/tfjs-core";
import { beforeEach, expect, test } from "vitest";
import { TransformerSteps } from "./transformer-step.ts";

beforeEach(async (context) => {
  const probe = await probeNode();
  if (!probe.available && !isRequired("node")) context.skip(probe.reason);
  await registerNode({ fetch: false });
});

const grid = videoGrid(4, 4, 2);
const codes = new Rng(2).integers(4 * 32, 16);
const texts = Array.from({ length: 4 }, (_, index) => Int32Array.of(index));
const batch: TaskBatch = { task: "textToVideo", grid, texts, codes };

function createModel(): EncoderDecoder {
  return EncoderDecoder.create(
    {
      dim: 64,
      heads: 4,
      encoderLayers: 1,
      decoderLayers: 2,
      codebookSize: 16,
      textLength: 3,
      textVocabulary: 4,
      targetGrid: grid,
      decoderPattern: { kind: "nearby", extent: [3, 3, 3] },
    },
    new Rng(1),
  );
}

test("all gradients together are within two rounding errors of bfloat16", () =>
  expectNoLeak(async () => {
    const model = createModel();
    const gradientsIn = (precision: ProductPrecision) =>
      valueAndGradients(
        () => autocast(precision, () => jointLoss(model, [batch], { noneShare: 0, rng: new Rng(3) })),
        namedParams(model),
      );
    const [single, brief] = [gradientsIn("float32"), gradientsIn("bfloat16")];
    const error = tf.tidy(() => {
      const flat = ({ gradients }: typeof single) =>
        tf.concat(Object.values(gradients).map((gradient) => tf.reshape(gradient, [-1])));
      const [expected, actual] = [flat(single), flat(brief)];
      return tf.div(tf.norm(tf.sub(actual, expected)), tf.norm(expected)).dataSync()[0];
    });
    expect(error).toBeGreaterThan(1e-4); // it was bfloat16
    expect(error).toBeLessThan(2 * 2 ** -8);
    for (const { value, gradients } of [single, brief]) tf.dispose([{ ...value }, gradients]);
    model.dispose();
  }));

const plain = { noneShare: 0, wordDropout: 0, inputNoise: 0, checkpointing: false, compile: true };

test("a transformer learns in bfloat16 as in float32", () =>
  expectNoLeak(async () => {
    const losses: Record<string, number[]> = {};
    for (const precision of ["float32", "bfloat16"] as const) {
      const model = createModel();
      const params = namedParams(model);
      const learner = { model, params, optimizer: new AdamW(params, { clipNorm: 1 }) };
      const training = { ...plain, precision };
      const steps = new TransformerSteps(learner, training);
      losses[precision] = [];
      for (let step = 0; step < 25; step++) {
        const settings = { rng: new Rng(3), learningRate: 0.003, blindShare: 0 };
        const scalars = steps.run([batch], settings);
        losses[precision].push((await scalars.textToVideo.data())[0]);
        tf.dispose(scalars);
      }
      steps.dispose();
      learner.optimizer.dispose();
      model.dispose();
    }
    const { float32, bfloat16 } = losses;
    expect(float32.at(-1)).toBeLessThan(float32[0] / 3);
    for (const [step, loss] of bfloat16.entries())
      expect(Math.abs(loss / float32[step] - 1)).toBeLessThan(0.02);
  }));
