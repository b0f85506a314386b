import { coordinateOf, imageGrid, tokenCount, videoGrid } from "@nuwa/tensor3d";
import { describe, expect, test } from "vitest";
import { axial } from "./axial.ts";
import { blockSparse } from "./block-sparse.ts";
import { full } from "./full.ts";
import { attentionMask, pairCount } from "./mask.ts";
import { nearby } from "./nearby.ts";
import { neighbourTable } from "./neighbour-table.ts";
import type { AttentionPattern, AttentionShape } from "./pattern.ts";

const patterns: AttentionPattern[] = [
  full(),
  axial(),
  blockSparse({ block: { height: 2, width: 3, frames: 2 } }),
  nearby({ extent: { height: 3, width: 5, frames: 3 } }),
  nearby({ extent: { height: 3, width: 3, frames: 3 } }, { border: "shift" }),
  nearby({ radius: { height: 1, width: 2, frames: Infinity } }, { dilation: { height: 2 } }),
];

describe.each(patterns)("$name", (pattern) => {
  test.each([
    { queryGrid: videoGrid(3, 4, 3), causal: true },
    { queryGrid: videoGrid(3, 4, 3) },
    { queryGrid: videoGrid(3, 4, 3), keyGrid: imageGrid(5, 2) },
  ])("the table, the mask and the count agree with keysOf: %o", (shape) => {
    const { queryGrid, keyGrid = queryGrid, causal }: AttentionShape = shape;
    const { offsets, keys } = neighbourTable(pattern, shape);
    const mask = attentionMask(pattern, shape);
    const keyCount = tokenCount(keyGrid);
    for (let query = 0; query < tokenCount(queryGrid); query++) {
      const expected = [...pattern.keysOf(coordinateOf(queryGrid, query), queryGrid, keyGrid)].filter(
        (key) => !causal || key <= query,
      );
      expect([...keys.subarray(offsets[query], offsets[query + 1])]).toEqual(expected);
      const row = mask.subarray(query * keyCount, (query + 1) * keyCount);
      expect([...row.keys()].filter((key) => row[key] === 1)).toEqual(expected);
    }
    expect(pairCount(pattern, shape)).toBe(keys.length);
  });
});

test("pair counts by hand", () => {
  const extent = { height: 3, width: 3, frames: 1 };
  // 4 corners of 4 keys, 4 edges of 6, one centre of 9.
  expect(pairCount(nearby({ extent }), { queryGrid: imageGrid(3, 3) })).toBe(4 * 4 + 4 * 6 + 9);
  // Each unordered pair once, and the query itself.
  expect(pairCount(nearby({ extent }), { queryGrid: imageGrid(3, 3), causal: true })).toBe((49 - 9) / 2 + 9);
  expect(pairCount(full(), { queryGrid: imageGrid(3, 3), causal: true })).toBe(45);
});

test("a table is built once for a pattern and a shape", () => {
  let calls = 0;
  const own: AttentionPattern = {
    name: "own",
    *keysOf() {
      calls++;
      yield 0;
    },
  };
  const first = neighbourTable(own, { queryGrid: imageGrid(2, 2) });
  expect(neighbourTable(own, { queryGrid: imageGrid(2, 2) })).toBe(first);
  expect(calls).toBe(4);
  expect(neighbourTable(own, { queryGrid: imageGrid(2, 2), causal: true })).not.toBe(first);
});

test("tables that cannot be are refused", () => {
  const upper: AttentionPattern = {
    name: "only later keys",
    *keysOf(_query, _queryGrid, keyGrid) {
      yield tokenCount(keyGrid) - 1;
    },
  };
  expect(() => neighbourTable(upper, { queryGrid: imageGrid(2, 2), causal: true })).toThrow(
    'pattern "only later keys" leaves query 0 (row 0, column 0, frame 0) without a key under causality',
  );
  expect(() =>
    neighbourTable(full(), { queryGrid: imageGrid(2, 2), keyGrid: imageGrid(2, 3), causal: true }),
  ).toThrow("causal attention needs equal grids, got queries 2x2x1 and keys 2x3x1");
  const descending: AttentionPattern = { name: "descending", keysOf: () => [1, 0] };
  expect(() => neighbourTable(descending, { queryGrid: imageGrid(2, 2) })).toThrow(
    "got 0 after 1 for query 0",
  );
  const outside: AttentionPattern = { name: "outside", keysOf: () => [4] };
  expect(() => neighbourTable(outside, { queryGrid: imageGrid(2, 2) })).toThrow("in [0, 4), got 4");
  expect(() => neighbourTable(full(), { queryGrid: { height: 0, width: 2, frames: 1 } })).toThrow(
    "queryGrid.height must be a whole number of at least 1, got 0",
  );
  expect(() =>
    neighbourTable(full(), { queryGrid: imageGrid(2, 2), keyGrid: { height: 2, width: 2, frames: -1 } }),
  ).toThrow("keyGrid.frames must be a whole number of at least 1, got -1");
});
