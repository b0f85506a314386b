import { imageGrid, Rng, videoGrid } from "@nuwa/tensor3d";
import { expectNoLeak, useCpu } from "@nuwa/testing";
import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, expect, test } from "vitest";
import type { Condition } from "./condition.ts";
import { parseConfig } from "./config.ts";
import { drawMasks, masksOfBlock } from "./dropout-masks.ts";
import { loud, tinyConfig } from "./fixtures/tiny.ts";
import { EncoderDecoder } from "./model.ts";

beforeAll(useCpu);

const grid = videoGrid(2, 3, 2);
const conditions: Condition[] = [
  { kind: "text", tokens: Int32Array.from([1, 4]) },
  { kind: "sketch", grid: imageGrid(2, 2), codes: Int32Array.from([0, 3, 1, 2]) },
  { kind: "none" },
];

test("one mask for what a stack reads and two for each block, none without an rng or a rate", () =>
  expectNoLeak(() => {
    const config = parseConfig({ ...tinyConfig, dropout: 0.2 });
    const rng = new Rng(1);
    const masks = drawMasks(config, "decoder", [2, 5], rng);
    expect(masks.map(({ shape, dtype }) => [dtype, ...shape])).toEqual(Array(5).fill(["bool", 2, 5, 8]));
    expect(rng.state().position).toBe(5 * 40); // 16 bits an element
    expect([0, 1].map((block) => masksOfBlock(masks, block))).toEqual([masks.slice(1, 3), masks.slice(3)]);
    expect(drawMasks(config, "decoder", [2, 5], undefined)).toEqual([]);
    expect(drawMasks(parseConfig(tinyConfig), "decoder", [2, 5], rng)).toEqual([]);
    tf.dispose(masks);
  }));

test.each<[object, object, number, number]>([
  [{}, {}, 2.09822607, 840],
  [{}, { checkpointing: true }, 2.09822607, 840],
  [{}, { inputNoise: 0.1, blindShare: 0.3 }, 2.31961441, 915],
  [{ dim: 3, heads: 1 }, {}, 2.06341982, 318], // masks of odd sizes
])("a loss with dropout stays the same at a seed: %o, %o", (config, options, loss, words) =>
  expectNoLeak(() => {
    const model = loud(EncoderDecoder.create({ ...tinyConfig, dropout: 0.2, ...config }, new Rng(1)), 3);
    const targets = tf.tensor2d(new Rng(2).integers(36, 7), [3, 12], "int32");
    const rng = new Rng(5);
    const actual = tf.tidy(() => model.loss({ conditions, targets, grid, rng, ...options }).loss.dataSync());
    expect(actual[0]).toBeCloseTo(loss, 5);
    expect(rng.state().position).toBe(words);
    targets.dispose();
    model.dispose();
  }),
);

test("logits and encoded conditions with dropout stay the same at a seed", () =>
  expectNoLeak(() => {
    const model = loud(EncoderDecoder.create({ ...tinyConfig, dropout: 0.2 }, new Rng(1)), 3);
    const targets = tf.tensor2d(new Rng(2).integers(36, 7), [3, 12], "int32");
    const sumOf = (x: tf.Tensor) => tf.tidy(() => tf.sum(tf.abs(x)).dataSync()[0]);
    const [whole, part] = [new Rng(5), new Rng(5)];
    tf.tidy(() => {
      expect(sumOf(model.logits({ conditions, targets, grid, rng: whole }))).toBeCloseTo(189.64236, 3);
      const sums = model.encode(conditions, { rng: part }).map(({ hidden }) => sumOf(hidden));
      for (const [index, sum] of [16.039549, 23.506733, 17.386662].entries()) {
        expect(sums[index]).toBeCloseTo(sum, 4);
      }
    });
    expect([whole, part].map((rng) => rng.state().position)).toEqual([840, 120]);
    targets.dispose();
    model.dispose();
  }));
