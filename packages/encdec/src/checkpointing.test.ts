import { imageGrid, namedParams, Rng, valueAndGradients, videoGrid } from "@nuwa/tensor3d";
import { expectClose, expectNoLeak, useCpu } from "@nuwa/testing";
import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, expect, test } from "vitest";
import type { Condition } from "./condition.ts";
import type { EncoderDecoderInput } from "./config.ts";
import { loud, tinyConfig } from "./fixtures/tiny.ts";
import { EncoderDecoder } from "./model.ts";

beforeAll(useCpu);

const grid = videoGrid(2, 3, 2);
const conditions: Condition[] = [
  { kind: "text", tokens: Int32Array.from([1, 4]) },
  { kind: "sketch", grid: imageGrid(2, 2), codes: Int32Array.from([0, 3, 1, 2]) },
  { kind: "none" },
];

test.each<Partial<EncoderDecoderInput>>([
  { dropout: 0.2, relativeBias: true, tiedHead: true },
  { headDim: 6, rotary: true, sandwichNorm: true, feedForward: "swiglu" },
])("checkpointing changes neither the loss nor a gradient nor what is drawn after, %o", (options) =>
  expectNoLeak(async () => {
    const model = loud(EncoderDecoder.create({ ...tinyConfig, ...options }, new Rng(1)), 3);
    const targets = tf.tensor2d(new Rng(2).integers(36, 7), [3, 12], "int32");
    const step = (checkpointing: boolean) => {
      const rng = new Rng(5);
      const loss = () => model.loss({ conditions, targets, grid, rng, inputNoise: 0.1, checkpointing });
      return { ...valueAndGradients(loss, namedParams(model)), after: rng.state() };
    };
    const [expected, actual] = [step(false), step(true)];
    await expectClose(actual.value.loss, expected.value.loss, { rtol: 1e-6 });
    await expectClose(actual.value.frameNll, expected.value.frameNll, { rtol: 1e-6 });
    expect(Object.keys(actual.gradients)).toEqual(Object.keys(expected.gradients));
    for (const [key, gradient] of Object.entries(actual.gradients)) {
      await expectClose(gradient, expected.gradients[key], { atol: 1e-6, rtol: 1e-5 });
    }
    expect(actual.after).toEqual(expected.after);
    for (const { value, gradients } of [expected, actual]) tf.dispose([gradients, { ...value }]);
    tf.dispose(targets);
    model.dispose();
  }),
);

test("a block more costs less than a third of the bytes", async () => {
  const peakOf = async (decoderLayers: number, checkpointing: boolean): Promise<number> => {
    const model = EncoderDecoder.create({ ...tinyConfig, decoderLayers }, new Rng(1));
    const targets = tf.tensor2d(new Rng(2).integers(16 * 27, 7), [16, 27], "int32");
    const texts: Condition[] = Array.from({ length: 16 }, () => conditions[0]);
    const options = { conditions: texts, targets, grid: videoGrid(3, 3, 3), checkpointing };
    const before = tf.memory().numBytes;
    const { peakBytes } = await tf.profile(() => {
      const loss = () => model.loss(options);
      const { value, gradients } = valueAndGradients(loss, namedParams(model), { allowUnused: true });
      tf.dispose([gradients, { ...value }]);
    });
    targets.dispose();
    model.dispose();
    return peakBytes - before;
  };
  const growthOf = async (checkpointing: boolean) =>
    ((await peakOf(6, checkpointing)) - (await peakOf(2, checkpointing))) / 4;
  expect(await growthOf(true)).toBeLessThan((await growthOf(false)) / 3);
});
