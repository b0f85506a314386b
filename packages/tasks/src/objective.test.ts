import { EncoderDecoder } from "@nuwa/encdec";
import { imageGrid, namedParams, Rng, valueAndGradients, videoGrid } from "@nuwa/tensor3d";
import { expectClose, expectNoLeak, useCpu } from "@nuwa/testing";
import * as tf from "@tensorflow/tfjs-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { drawTask, jointInputs, jointLoss, jointLossOf, type TaskBatch } from "./objective.ts";

const image = imageGrid(2, 2);
const video = videoGrid(2, 2, 2);
const texts = [Int32Array.of(0, 1), Int32Array.of(2)];
const codesOf = (count: number): Int32Array => new Rng(3).fork(count).integers(count, 5);
const batches: TaskBatch[] = [
  { task: "textToImage", grid: image, texts, codes: codesOf(8) },
  { task: "videoPrediction", grid: video, codes: codesOf(8), weight: 0.5 },
  { task: "textToVideo", grid: video, texts, codes: codesOf(16), firstFrameWeight: 3 },
];

describe("jointLoss", () => {
  let model: EncoderDecoder;
  beforeAll(async () => {
    await useCpu();
    model = EncoderDecoder.create(
      {
        dim: 8,
        heads: 2,
        encoderLayers: 1,
        decoderLayers: 1,
        codebookSize: 5,
        textLength: 3,
        textVocabulary: 4,
        targetGrid: video,
        decoderPattern: { kind: "nearby", extent: [3, 3, 3] },
      },
      new Rng(1),
    );
  });
  afterAll(() => model.dispose());

  test("without an rng nothing is replaced or dropped", () =>
    expectNoLeak(async () => {
      const config = { ...model.config, dropout: 0.5 };
      const dropping = EncoderDecoder.create(config, new Rng(1)); // the same weights
      const shares = { noneShare: 0.9, wordDropout: 0.9, inputNoise: 0.9, blindShare: 0.9 };
      const expected = jointLoss(model, batches, { noneShare: 0, rng: new Rng(5) });
      const actual = jointLoss(dropping, batches, shares);
      expect(Object.keys(actual)).toEqual(Object.keys(expected));
      await expectClose(actual.loss, expected.loss, { atol: 1e-6 });
      const drawn = jointLoss(dropping, batches, { ...shares, rng: new Rng(5) });
      expect(Math.abs(drawn.loss.dataSync()[0] - expected.loss.dataSync()[0])).toBeGreaterThan(1e-3);
      tf.dispose([expected, actual, drawn]);
      dropping.dispose();
    }));

  test("is the weighted sum of the tasks' losses, with text, None and text as conditions", () =>
    expectNoLeak(async () => {
      const joint = jointLoss(model, batches, { noneShare: 0, rng: new Rng(5) });
      const apart = tf.tidy(() => {
        const conditions = texts.map((tokens) => ({ kind: "text", tokens }) as const);
        const targets = (codes: Int32Array, rows: number) =>
          tf.tensor2d(codes, [rows, codes.length / rows], "int32");
        const t2i = model.loss({ conditions, targets: targets(codesOf(8), 2), grid: image });
        const v2v = model.loss({
          conditions: [{ kind: "none" }],
          targets: targets(codesOf(8), 1),
          grid: video,
        });
        const t2v = model.loss({
          conditions,
          targets: targets(codesOf(16), 2),
          grid: video,
          firstFrameWeight: 3,
        });
        return {
          loss: tf.addN([t2i.loss, tf.mul(v2v.loss, 0.5), t2v.loss]),
          t2i: t2i.nll,
          v2v: v2v.nll,
          t2v: t2v.nll,
        };
      });
      await expectClose(joint.loss, apart.loss, { atol: 1e-6 });
      await expectClose(joint.textToImage!, apart.t2i, { atol: 1e-6 });
      await expectClose(joint.videoPrediction!, apart.v2v, { atol: 1e-6 });
      await expectClose(joint.textToVideo!, apart.t2v, { atol: 1e-6 });
      tf.dispose([joint, apart]);
    }));

  test.each([
    ["texts", 0, (share: number) => ({ noneShare: share })],
    ["words", 0.3, (share: number) => ({ noneShare: 0, wordDropout: share })],
  ])("with all %s dropped the texts do not matter, at a share of %s they do", (_, some, options) =>
    expectNoLeak(async () => {
      const lossOf = async (share: number, words: Int32Array[]): Promise<number> => {
        const batch = { ...batches[0], texts: words };
        const { loss, textToImage } = jointLoss(model, [batch], { ...options(share), rng: new Rng(5) });
        const [value] = await loss.data();
        tf.dispose([loss, textToImage!]);
        return value;
      };
      const other = [Int32Array.of(3, 3), Int32Array.of(1)];
      expect(await lossOf(1, texts)).toBe(await lossOf(1, other));
      expect(await lossOf(some, texts)).not.toBe(await lossOf(some, other));
    }),
  );

  test("reaches every parameter, and depends on the seed only through noise and dropping", () =>
    expectNoLeak(async () => {
      const once = (seed: number) =>
        valueAndGradients(
          () => jointLoss(model, batches, { inputNoise: 0.3, rng: new Rng(seed) }),
          namedParams(model),
        );
      const [first, again, other] = [once(1), once(1), once(2)];
      await expectClose(first.value.loss, again.value.loss, { atol: 0 });
      expect((await first.value.loss.data())[0]).not.toBe((await other.value.loss.data())[0]);
      tf.dispose([first, again, other] as never);
    }));

  test("inputs hold all that is drawn: other draws are other values of equal shapes and layouts", () =>
    expectNoLeak(async () => {
      const drawn = { noneShare: 0.5, inputNoise: 0.5, blindShare: 0.5 };
      const [first, second] = [1, 2].map((seed) =>
        jointInputs(model, batches, { ...drawn, rng: new Rng(seed) }),
      );
      const plain = (all: typeof first) =>
        all.map(({ task, weight, inputs: { layout, tensors } }) => ({
          ...{ task, weight, layout },
          ...{
            targets: tensors.targets.shape,
            noisy: tensors.inputs?.shape,
            weights: tensors.weights?.shape,
          },
          conditions: tensors.conditions.map(({ shape }) => shape),
        }));
      expect(plain(second)).toEqual(plain(first));
      expect(plain(first)[2]).toEqual({
        task: "textToVideo",
        weight: 1,
        layout: {
          grid: video,
          conditions: [{ family: "text", grid: { frames: 3, height: 1, width: 1 }, count: 2 }],
        },
        targets: [2, 8],
        noisy: [2, 8],
        weights: [8],
        conditions: [[2, 3]],
      });
      const whole = jointLoss(model, batches, { ...drawn, rng: new Rng(1) });
      const [once, again, other] = [first, first, second].map((inputs) => jointLossOf(model, inputs));
      await expectClose(once.loss, whole.loss, { atol: 0 });
      await expectClose(again.loss, whole.loss, { atol: 0 });
      expect((await other.loss.data())[0]).not.toBe((await whole.loss.data())[0]);
      for (const { inputs } of [...first, ...second]) tf.dispose(inputs.tensors);
      tf.dispose([whole, once, again, other]);
    }));

  test("refuses batches that do not fit", () => {
    const rng = new Rng(0);
    expect(() => jointLoss(model, [], { rng })).toThrow("at least one batch");
    expect(() => jointLoss(model, [{ ...batches[0], texts: undefined }], { rng })).toThrow(
      "one text for each sample",
    );
    expect(() => jointLoss(model, [{ ...batches[1], texts }], { rng })).toThrow("no texts");
    expect(() => jointLoss(model, [{ ...batches[0], codes: new Int32Array(7) }], { rng })).toThrow(
      "multiple of 4 codes",
    );
  });
});

describe("drawTask", () => {
  test("follows the weights", () => {
    const weights = { textToImage: 2, videoPrediction: 0, textToVideo: 1 };
    const counts = { textToImage: 0, videoPrediction: 0, textToVideo: 0 };
    for (let step = 0; step < 3000; step++) counts[drawTask(weights, new Rng(1).fork(step))]++;
    expect(counts.videoPrediction).toBe(0);
    expect(counts.textToImage).toBeGreaterThan(1900);
    expect(counts.textToImage).toBeLessThan(2100);
  });

  test("wants a weight above 0", () => {
    expect(() => drawTask({ textToImage: 0, videoPrediction: 0, textToVideo: 0 }, new Rng(0))).toThrow(
      "above 0",
    );
  });
});
