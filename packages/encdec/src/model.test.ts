import {
  imageGrid,
  namedParams,
  parameterCount,
  Rng,
  textGrid,
  valueAndGradients,
  videoGrid,
} from "@nuwa/tensor3d";
import { expectClose, expectNoLeak, useCpu } from "@nuwa/testing";
import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, expect, test } from "vitest";
import type { Condition } from "./condition.ts";
import { loud, tinyConfig } from "./fixtures/tiny.ts";
import { EncoderDecoder } from "./model.ts";

beforeAll(useCpu);

const grid = videoGrid(2, 3, 2);
const text: Condition = { kind: "text", tokens: Int32Array.from([1, 4]) };
const none: Condition = { kind: "none" };
const conditions = [text, none];

function codes(rows = 2, count = 12): tf.Tensor2D {
  return tf.tensor2d(new Rng(2).integers(rows * count, 7), [rows, count], "int32");
}

test("a new model is near uniform, and its weights start at the scale of their fan-in", () =>
  expectNoLeak(async () => {
    const model = EncoderDecoder.create({ ...tinyConfig, dim: 64, decoderLayers: 8 }, new Rng(1));
    const targets = codes();
    const { loss, nll, frameNll } = model.loss({ conditions, targets, grid });
    expect((await loss.data())[0]).toBeCloseTo(Math.log(7), 1);
    expect(frameNll.shape).toEqual([2]);
    await expectClose(nll, loss, { atol: 1e-6 });
    const params = namedParams(model);
    const expectDeviation = (name: string, expected: number) => {
      const got = tf.tidy(() => tf.sqrt(tf.mean(tf.square(params[name]))).dataSync()[0]);
      expect(Math.abs(got / expected - 1)).toBeLessThan(0.1);
    };
    expectDeviation("decoder.blocks.0.selfAttention.query.weight", 1 / 8);
    expectDeviation("decoder.blocks.0.selfAttention.output.weight", 1 / 8 / 4);
    expectDeviation("decoder.blocks.7.feedForward.contract.weight", 1 / 16 / 4);
    expectDeviation("encoder.blocks.0.feedForward.contract.weight", 1 / 16 / Math.sqrt(2));
    expectDeviation("texts.tokens.weight", 1);
    tf.dispose([targets, loss, nll, frameNll]);
    model.dispose();
  }));

test.each(["axes", "row", "raster"] as const)(
  "no logit depends on its own token or a later one, shift %s",
  (shift) =>
    expectNoLeak(async () => {
      const model = loud(
        EncoderDecoder.create({ ...tinyConfig, shift, decoderPattern: "full" }, new Rng(1)),
        3,
      );
      const logitsOf = (row: Int32Array) =>
        tf.tidy(() => {
          const targets = tf.tensor2d(row, [1, 12], "int32");
          return model.logits({ conditions: [text], targets, grid }).dataSync();
        });
      const row = new Rng(5).integers(12, 7);
      const before = logitsOf(row);
      for (let token = 0; token < 12; token++) {
        const after = logitsOf(row.map((code, index) => (index === token ? (code + 1) % 7 : code)));
        const changed = [...Array(12).keys()].filter((p) =>
          after.slice(p * 7, p * 7 + 7).some((x, c) => x !== before[p * 7 + c]),
        );
        expect(changed.every((position) => position > token)).toBe(true);
        // Every token but the last is seen, except the last column's where only the left neighbour is read.
        expect(changed.length > 0).toBe(token < 11 && !(shift === "row" && token % 3 === 2));
      }
      model.dispose();
    }),
);

test("an image is a video of one frame", () =>
  expectNoLeak(async () => {
    const model = loud(EncoderDecoder.create(tinyConfig, new Rng(1)), 3);
    const targets = codes();
    const video = model.logits({ conditions, targets, grid });
    const [firstFrame, image, expected] = tf.tidy(() => {
      const first = tf.slice(targets, [0, 0], [2, 6]);
      return [
        first,
        model.logits({ conditions, targets: first, grid: imageGrid(2, 3) }),
        tf.slice(video, [0, 0, 0], [2, 6, 7]),
      ];
    });
    await expectClose(image, expected, { atol: 1e-5 });
    tf.dispose([targets, video, firstFrame, image, expected]);
    model.dispose();
  }));

test("a row of a batch does not depend on the others", () =>
  expectNoLeak(async () => {
    const model = loud(EncoderDecoder.create(tinyConfig, new Rng(1)), 3);
    const sketch: Condition = { kind: "sketch", grid: imageGrid(2, 2), codes: Int32Array.from([0, 3, 1, 2]) };
    const mixed = [text, sketch, sketch, none];
    const targets = codes(4);
    const together = model.logits({ conditions: mixed, targets, grid });
    for (const [row, condition] of mixed.entries()) {
      const [alone, expected] = tf.tidy(() => [
        model.logits({ conditions: [condition], targets: tf.slice(targets, [row, 0], [1, 12]), grid }),
        tf.slice(together, [row, 0, 0], [1, 12, 7]),
      ]);
      await expectClose(alone, expected, { atol: 1e-5 });
      tf.dispose([alone, expected]);
    }
    tf.dispose([targets, together]);
    model.dispose();
  }));

test("encode groups neighbours of a kind", () =>
  expectNoLeak(() => {
    const model = EncoderDecoder.create(tinyConfig, new Rng(1));
    const sketch: Condition = { kind: "sketch", grid: imageGrid(2, 2), codes: new Int32Array(4) };
    const groups = model.encode([text, none, sketch, text]);
    expect(groups.map(({ count, hidden }) => [count, hidden.shape])).toEqual([
      [2, [2, 3, 8]],
      [1, [1, 4, 8]],
      [1, [1, 3, 8]],
    ]);
    expect(groups[0].grid).toEqual(textGrid(3));
    tf.dispose(groups.map(({ hidden }) => hidden));
    model.dispose();
  }));

test("weights: the first frame counts more, given frames not at all", () =>
  expectNoLeak(async () => {
    const model = loud(EncoderDecoder.create(tinyConfig, new Rng(1)), 3);
    const targets = codes();
    const plain = model.loss({ conditions, targets, grid });
    const first = model.loss({ conditions, targets, grid, firstFrameWeight: 3 });
    const second = model.loss({ conditions, targets, grid, weights: [0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1] });
    const [a, b] = await plain.frameNll.data();
    expect((await plain.loss.data())[0]).toBeCloseTo((a + b) / 2, 4);
    expect((await first.loss.data())[0]).toBeCloseTo((3 * a + b) / 4, 4);
    expect((await second.loss.data())[0]).toBeCloseTo(b, 4);
    expect((await first.nll.data())[0]).toBeCloseTo((a + b) / 2, 4);
    tf.dispose([targets, { ...plain }, { ...first }, { ...second }]);
    model.dispose();
  }));

test("noise replaces inputs but no target, and dropout needs an rng", () =>
  expectNoLeak(async () => {
    const model = loud(EncoderDecoder.create({ ...tinyConfig, dropout: 0.2 }, new Rng(1)), 3);
    const targets = codes();
    const lossOf = (options: object) =>
      tf.tidy(() => model.loss({ conditions, targets, grid, ...options }).loss.dataSync()[0]);
    const plain = lossOf({});
    expect(lossOf({ inputNoise: 0.5 })).toBe(plain);
    expect(lossOf({ rng: new Rng(1) })).not.toBe(plain);
    expect(lossOf({ rng: new Rng(1) })).toBe(lossOf({ rng: new Rng(1) }));
    // With every input replaced the loss no longer depends on the codes before a token, only on its own.
    expect(lossOf({ rng: new Rng(1), inputNoise: 1 })).not.toBe(lossOf({ rng: new Rng(1) }));
    targets.dispose();
    model.dispose();
  }));

test("a blind row's logits depend on its condition and place alone", () =>
  expectNoLeak(async () => {
    const model = loud(EncoderDecoder.create(tinyConfig, new Rng(1)), 3);
    const targets = codes();
    const texts: Condition[] = [text, text];
    const borders = tf.fill(targets.shape, tinyConfig.codebookSize, "int32");
    const [blind, expected] = tf.tidy(() => {
      const { loss } = model.loss({ conditions: texts, targets, grid, rng: new Rng(1), blindShare: 1 });
      const logProbs = tf.logSoftmax(model.logits({ conditions: texts, targets: borders, grid }));
      const own = tf.sum(tf.mul(logProbs, tf.oneHot(targets, tinyConfig.codebookSize)), -1);
      return [loss.dataSync()[0], -tf.mean(own).dataSync()[0]];
    });
    expect(blind).toBeCloseTo(expected, 5);
    const seen = (share: number) =>
      tf.tidy(() => {
        const none: Condition[] = [{ kind: "none" }, { kind: "none" }];
        return model
          .loss({ conditions: none, targets, grid, rng: new Rng(1), blindShare: share })
          .loss.dataSync()[0];
      });
    expect(seen(1)).toBe(seen(0)); // nothing to read but the tokens
    tf.dispose([targets, borders]);
    model.dispose();
  }));

test.each([
  ["axes", "before", "separate"],
  ["row", "left", "separate"],
  ["raster", "previous", "separate"],
  ["axes", "shared", "shared"],
] as const)("a tied head of shift %s adds the table %s", (shift, name, inputTables) =>
  expectNoLeak(() => {
    const model = EncoderDecoder.create({ ...tinyConfig, shift, inputTables, tiedHead: true }, new Rng(1));
    const { codebookSize, dim } = model.config;
    const table = model.targets.tables[name]!.params.weight.arraySync() as number[][];
    const weight = model.head.params.weight.arraySync() as number[][];
    const logits = tf.tidy(() => model.head.apply(tf.eye(dim)).arraySync() as number[][]);
    for (let feature = 0; feature < dim; feature++)
      for (let code = 0; code < codebookSize; code++)
        expect(logits[feature][code]).toBeCloseTo(
          weight[feature][code] + (4 / dim) * table[code][feature],
          5,
        );
    model.dispose();
  }),
);

test("a few steps of descent lower the loss and leave nothing behind", () =>
  expectNoLeak(async () => {
    const model = EncoderDecoder.create({ ...tinyConfig, relativeBias: true }, new Rng(1));
    // Sketch tables have no gradient when there is no sketch.
    const params = Object.fromEntries(
      Object.entries(namedParams(model)).filter(([key]) => !key.startsWith("sketches")),
    );
    const targets = codes();
    const losses: number[] = [];
    for (let step = 0; step < 12; step++) {
      const { value, gradients } = valueAndGradients(() => model.loss({ conditions, targets, grid }), params);
      losses.push((await value.loss.data())[0]);
      tf.tidy(() => {
        for (const [key, variable] of Object.entries(params))
          variable.assign(tf.sub(variable, tf.mul(gradients[key], 0.5)));
      });
      tf.dispose([gradients, { ...value }]);
    }
    expect(losses.at(-1)).toBeLessThan(losses[0] - 0.1);
    targets.dispose();
    model.dispose();
  }));

test("inputs that do not fit are refused", () => {
  const model = EncoderDecoder.create(tinyConfig, new Rng(1));
  const targets = codes();
  const loss = (options: object) => () => model.loss({ conditions, targets, grid, ...options });
  expect(loss({ conditions: [text] })).toThrow("targets: wanted [1, 12], one row a condition");
  expect(loss({ grid: videoGrid(2, 2, 2) })).toThrow("targets: wanted [2, 8]");
  expect(loss({ targets: tf.zeros([2, 12]) })).toThrow("wanted int32 codes, got float32");
  const larger = { targets: tf.zeros([2, 24], "int32"), grid: videoGrid(2, 3, 4) };
  const tooLarge = "the model makes at most 3x3x3 tokens (height x width x frames), got 2x3x4";
  expect(loss(larger)).toThrow(tooLarge);
  expect(() => model.logits({ conditions, ...larger })).toThrow(tooLarge);
  expect(loss({ weights: [1] })).toThrow("one weight per token, 12, got 1");
  expect(loss({ weights: new Array(12).fill(0) })).toThrow("positive sum");
  expect(loss({ inputNoise: 2 })).toThrow("inputNoise is a share");
  expect(loss({ blindShare: -1 })).toThrow("blindShare is a share");
  model.dispose();
});

test.each([
  ["NÜWA-FF", "full", "full"],
  ["NÜWA-NF", "nearby", "full"],
  ["NÜWA-FN", "full", "nearby"],
  ["NÜWA-AA", "axial", "axial"],
  ["NÜWA", "nearby", "nearby"],
  ["blocks", "block-sparse", "block-sparse"],
] as const)(
  "%s of Table 6 by config: the same parameters, other logits",
  (_, encoderPattern, decoderPattern) =>
    expectNoLeak(async () => {
      const grid = videoGrid(3, 3, 3);
      const conditions: Condition[] = [{ kind: "sketch", grid, codes: new Rng(5).integers(27, 4) }];
      const targets = tf.tensor2d(new Rng(6).integers(27, 7), [1, 27], "int32");
      const logitsOf = (patterns: object) => {
        const config = { ...tinyConfig, encoderLayers: 2, ...patterns };
        const model = loud(EncoderDecoder.create(config, new Rng(1)), 2);
        const logits = model.logits({ conditions, targets, grid });
        const values = logits.dataSync();
        const count = parameterCount(model);
        tf.dispose(logits);
        model.dispose();
        return { values, count };
      };
      const own = logitsOf({ encoderPattern, decoderPattern });
      const other = logitsOf({
        encoderPattern: "axial",
        decoderPattern: { kind: "nearby", extent: [1, 3, 3] },
      });
      expect(own.count).toBe(other.count);
      expect(own.values).not.toEqual(other.values);
      expect(own.values.every(Number.isFinite)).toBe(true);
      targets.dispose();
    }),
);
