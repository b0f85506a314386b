import { expectClose, expectNoLeak, useCpu } from "@nuwa/testing";
import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, expect, test } from "vitest";
import { Embedding } from "./embedding.ts";
import { valueAndGradients } from "./gradient.ts";
import { tokenIndex, videoGrid } from "./grid.ts";
import { namedParams } from "./params.ts";
import { AxialPositions } from "./position.ts";
import { Rng } from "./rng.ts";

beforeAll(useCpu);

test("Embedding looks rows up; repeated indices add their gradients", () =>
  expectNoLeak(async () => {
    const layer = new Embedding({ count: 3, dim: 2 }, new Rng(1));
    const indices = tf.tensor2d([2, 0, 2, 2], [2, 2], "int32");
    const start = tf.tensor2d([1, 2, 3, 4, 5, 6], [3, 2]);
    layer.params.weight.assign(start);
    const rows = layer.apply(indices);
    await expectClose(rows, { shape: [2, 2, 2], data: [5, 6, 1, 2, 5, 6, 5, 6] }, {});
    const { value, gradients } = valueAndGradients(
      () => ({ loss: tf.sum(layer.apply(indices)) }),
      namedParams(layer),
    );
    await expectClose(gradients.weight, { shape: [3, 2], data: [1, 1, 0, 0, 3, 3] }, {});
    expect(() => layer.apply(start)).toThrow("Embedding indices: wanted int32, got float32");
    tf.dispose([indices, start, rows, value.loss, gradients]);
    layer.dispose();
  }));

test("AxialPositions adds the row, the column and the frame, for smaller grids too", () =>
  expectNoLeak(async () => {
    const layer = new AxialPositions({ grid: videoGrid(2, 3, 4), dim: 1 }, new Rng(1));
    tf.tidy(() => {
      layer.params.height.assign(tf.tensor2d([1, 2], [2, 1]));
      layer.params.width.assign(tf.tensor2d([10, 20, 30], [3, 1]));
      layer.params.frames.assign(tf.tensor2d([100, 200, 300, 400], [4, 1]));
    });
    const all = layer.apply();
    const values = await all.data();
    expect(all.shape).toEqual([24, 1]);
    expect(values[tokenIndex(videoGrid(2, 3, 4), { row: 1, column: 2, frame: 3 })]).toBe(432);
    expect(values[tokenIndex(videoGrid(2, 3, 4), { row: 0, column: 1, frame: 2 })]).toBe(321);
    const small = layer.apply(videoGrid(1, 2, 2));
    await expectClose(small, { shape: [4, 1], data: [111, 121, 211, 221] }, {});
    const { value, gradients } = valueAndGradients(
      () => ({ loss: tf.sum(layer.apply(videoGrid(1, 2, 2))) }),
      namedParams(layer),
    );
    await expectClose(gradients.height, { shape: [2, 1], data: [4, 0] }, {});
    await expectClose(gradients.frames, { shape: [4, 1], data: [2, 2, 0, 0] }, {});
    expect(() => layer.apply(videoGrid(3, 1, 1))).toThrow(
      "AxialPositions: wanted at most 2 along height, got 3",
    );
    tf.dispose([all, small, value.loss, gradients]);
    layer.dispose();
  }));
