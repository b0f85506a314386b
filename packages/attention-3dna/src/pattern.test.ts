import { coordinateOf, type Grid, imageGrid, textGrid, tokenCount, videoGrid } from "@nuwa/tensor3d";
import { describe, expect, test } from "vitest";
import { axial } from "./axial.ts";
import { blockSparse } from "./block-sparse.ts";
import { full } from "./full.ts";
import { nearby } from "./nearby.ts";
import type { AttentionPattern } from "./pattern.ts";

const cube = (size: number) => ({ height: size, width: size, frames: size });

function keysOf(pattern: AttentionPattern, query: number, queryGrid: Grid, keyGrid = queryGrid): number[] {
  return [...pattern.keysOf(coordinateOf(queryGrid, query), queryGrid, keyGrid)];
}

describe("nearby", () => {
  const image = imageGrid(3, 4);

  test("a 3x3 window, clipped at a corner and whole inside", () => {
    // 0  1  2  3
    // 4  5  6  7
    // 8  9 10 11
    const pattern = nearby({ extent: { height: 3, width: 3, frames: 1 } });
    expect(keysOf(pattern, 0, image)).toEqual([0, 1, 4, 5]);
    expect(keysOf(pattern, 6, image)).toEqual([1, 2, 3, 5, 6, 7, 9, 10, 11]);
    expect(pattern.name).toBe("nearby 3x3x1");
  });

  test("radius is the literal inequality and extent the window's size", () => {
    const byRadius = nearby({ radius: { height: 1, width: 0, frames: 1 } });
    const byExtent = nearby({ extent: { height: 3, width: 1, frames: 3 } });
    const grid = videoGrid(3, 2, 3);
    for (let query = 0; query < tokenCount(grid); query++) {
      expect(keysOf(byRadius, query, grid)).toEqual(keysOf(byExtent, query, grid));
    }
    expect(keysOf(byRadius, 0, grid)).toEqual([0, 2, 6, 8]);
  });

  test("an infinite extent takes the whole axis", () => {
    const pattern = nearby({ extent: { height: 1, width: 1, frames: Infinity } });
    expect(keysOf(pattern, 5, image, textGrid(4))).toEqual([0, 1, 2, 3]);
    expect(pattern.name).toBe("nearby 1x1xall");
  });

  test("the window lies around the mapped coordinate", () => {
    // A query at row 3 of 4 and column 1 of 2 maps to row 1 of 2 and column 2 of 4.
    const pattern = nearby({ extent: { height: 1, width: 3, frames: 1 } });
    expect(keysOf(pattern, 7, imageGrid(4, 2), imageGrid(2, 4))).toEqual([5, 6, 7]);
  });

  test("dilation keeps every other key, also behind the border", () => {
    const pattern = nearby({ extent: { height: 1, width: 3, frames: 1 } }, { dilation: { width: 2 } });
    expect(keysOf(pattern, 1, imageGrid(1, 4))).toEqual([1, 3]);
    expect(keysOf(pattern, 2, imageGrid(1, 5))).toEqual([0, 2, 4]);
  });

  test("shift moves the window inward, and clips one larger than the grid", () => {
    const pattern = nearby({ extent: { height: 1, width: 3, frames: 1 } }, { border: "shift" });
    expect(keysOf(pattern, 0, imageGrid(1, 5))).toEqual([0, 1, 2]);
    expect(keysOf(pattern, 2, imageGrid(1, 5))).toEqual([1, 2, 3]);
    expect(keysOf(pattern, 4, imageGrid(1, 5))).toEqual([2, 3, 4]);
    expect(keysOf(pattern, 0, imageGrid(1, 2))).toEqual([0, 1]);
    const infinite = nearby({ extent: { height: 1, width: Infinity, frames: 1 } }, { border: "shift" });
    expect(keysOf(infinite, 1, imageGrid(1, 3))).toEqual([0, 1, 2]);
  });

  test("sizes that no window has are refused", () => {
    expect(() => nearby({ extent: { height: 4, width: 3, frames: 3 } })).toThrow(
      "nearby: extent.height must be odd, got 4. Use 1, 3, 5, ... or Infinity.",
    );
    expect(() => nearby({ extent: { height: 3, width: -1, frames: 3 } })).toThrow("extent.width must be odd");
    expect(() => nearby({ radius: { height: 1, width: 1, frames: 0.5 } })).toThrow("radius.frames");
    expect(() => nearby({ extent: cube(3) }, { dilation: { width: 0 } })).toThrow("dilation.width");
    expect(() => nearby({ extent: cube(3) }, { dilation: { width: 2 }, border: "shift" })).toThrow(
      'border "shift" does not go with dilation',
    );
    expect(() => nearby({ extent: cube(3) }, { border: "wrap" as "clip" })).toThrow('"clip" or "shift"');
  });
});

describe("the other patterns", () => {
  const grid = videoGrid(2, 3, 2);
  // frame 0: 0 1 2 / 3 4 5, frame 1: 6 7 8 / 9 10 11

  test("full attends everything", () => {
    expect(keysOf(full(), 3, grid)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
  });

  test("axial attends the three lines through the query", () => {
    expect(keysOf(axial(), 4, grid)).toEqual([1, 3, 4, 5, 10]);
    expect(keysOf(axial(), 6, grid)).toEqual([0, 6, 7, 8, 9]);
  });

  test("block-sparse attends the query's block, the last one cut", () => {
    const pattern = blockSparse({ block: { height: 2, width: 2, frames: 1 } });
    expect(keysOf(pattern, 4, grid)).toEqual([0, 1, 3, 4]);
    expect(keysOf(pattern, 11, grid)).toEqual([8, 11]);
    expect(keysOf(blockSparse({ block: cube(Infinity) }), 11, grid)).toHaveLength(12);
    expect(() => blockSparse({ block: { height: 2, width: 0, frames: 1 } })).toThrow("block.width");
  });
});
