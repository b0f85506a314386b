import { imageGrid, Rng, randomNormal, tokenCount, videoGrid } from "@nuwa/tensor3d";
import { expectClose, expectNoLeak, useCpu } from "@nuwa/testing";
import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, expect, test } from "vitest";
import { axial } from "./axial.ts";
import { blockAttention, blockGradients } from "./block-attention.ts";
import { blockSparse } from "./block-sparse.ts";
import { attentionBlocks, buildBlocks, fillsBlocks } from "./blocks.ts";
import { attendDense } from "./dense.ts";
import { full } from "./full.ts";
import { nearby } from "./nearby.ts";
import { neighbourTable } from "./neighbour-table.ts";
import type { AttentionPattern, AttentionShape } from "./pattern.ts";

beforeAll(useCpu);

const window = nearby({ extent: { height: 3, width: 3, frames: 3 } });
const shapes: [string, AttentionPattern, AttentionShape, number[]][] = [
  ["nearby causal", window, { queryGrid: videoGrid(4, 3, 2), causal: true }, [1, 3, 6, 12, 24]],
  [
    "nearby to a smaller grid",
    window,
    { queryGrid: videoGrid(4, 3, 2), keyGrid: imageGrid(2, 5) },
    [3, 8, 24],
  ],
  ["axial", axial(), { queryGrid: videoGrid(4, 3, 2) }, [3, 12]],
  ["full", full(), { queryGrid: videoGrid(4, 3, 2) }, [12, 24]],
];

test.each(shapes)("%s: blocks of every size agree with the dense oracle", (_, pattern, shape, sizes) =>
  expectNoLeak(async () => {
    const m = tokenCount(shape.keyGrid ?? shape.queryGrid);
    const draw = (count: number, seed: number) =>
      randomNormal([2, 2, count, 4], new Rng(seed)) as tf.Tensor4D;
    const [q, k, v, dy] = [draw(24, 1), draw(m, 2), draw(m, 3), draw(24, 4)];
    const table = neighbourTable(pattern, shape);
    const biasValues = randomNormal([2, 5], new Rng(5)) as tf.Tensor2D;
    const offsetOf = new Rng(6).integers(table.keys.length, 5);
    const oracle = (...[a, b, c, values]: tf.Tensor[]) =>
      attendDense(a as tf.Tensor4D, b as tf.Tensor4D, c as tf.Tensor4D, {
        ...shape,
        pattern,
        scale: 0.7,
        bias: { values: values as tf.Tensor2D, offsetOf },
      });
    const inputs = [q, k, v, biasValues];
    const expected = [oracle(...inputs), ...tf.grads(oracle)(inputs, dy)];
    for (const size of sizes) {
      const blocks = buildBlocks(table, m, size);
      expect([blocks.count, blocks.size]).toEqual([24 / size, size]);
      const actual = tf.tidy(() => {
        const { y, saved } = blockAttention(q, k, v, { blocks, scale: 0.7, biasValues, offsetOf });
        const options = { blocks, scale: 0.7, keyShape: k.shape, offsetOf, offsets: 5 };
        return [y, ...blockGradients(dy, [...saved, y], options)];
      });
      for (const [index, tensor] of actual.entries())
        await expectClose(tensor, expected[index], { atol: 2e-5 });
      tf.dispose(actual);
    }
    tf.dispose([inputs, dy, expected]);
  }),
);

test("the cheapest blocks: rows of a long video, all of a small grid or of full attention", () => {
  const blocksOf = (pattern: AttentionPattern, queryGrid = videoGrid(8, 8, 10)) =>
    attentionBlocks(pattern, { queryGrid, causal: true });
  const { size, width, count } = blocksOf(window);
  expect(size * count).toBe(640);
  expect(width).toBeLessThan(100);
  expect(blocksOf(full()).count).toBe(1);
  expect(blocksOf(window, imageGrid(2, 2)).count).toBe(1);
});

test("blocks are filled by full, block-sparse and whole-frame patterns, not by windows", () => {
  const video = videoGrid(8, 8, 6);
  const frames = { height: Infinity, width: Infinity, frames: 3 };
  const filled: [AttentionPattern, AttentionShape][] = [
    [full(), { queryGrid: video, causal: true }],
    [full(), { queryGrid: video, keyGrid: imageGrid(1, 9) }],
    [blockSparse({ block: { height: 8, width: 8, frames: 2 } }), { queryGrid: video, causal: true }],
    [nearby({ extent: frames }), { queryGrid: video, causal: true }],
  ];
  for (const [pattern, shape] of filled) expect(fillsBlocks(pattern, shape), pattern.name).toBe(true);
  for (const pattern of [window, axial()]) {
    expect(fillsBlocks(pattern, { queryGrid: video, causal: true }), pattern.name).toBe(false);
  }
});
