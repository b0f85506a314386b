import {
  type AttentionPattern,
  axial,
  blockSparse,
  full,
  nearby,
  neighbourTable,
} from "@nuwa/attention-3dna";
import { type Grid, imageGrid, Rng, tokenCount, videoGrid } from "@nuwa/tensor3d";
import { describe, expect, test } from "vitest";
import { dependencyGraph, earliestSteps } from "./exactness/dependency-graph.ts";
import { decodeSchedule, parallelSteps, sequentialSteps } from "./schedule.ts";
import { type Shift, shiftedIndices } from "./shift.ts";

const window = (height: number, width: number, frames: number) =>
  nearby({ extent: { height, width, frames } });

test("a 2x3 image by hand: the wavefront j + i", () => {
  // Steps  0 1 2
  //        1 2 3
  const steps = decodeSchedule({ pattern: window(3, 3, 1), grid: imageGrid(2, 3) });
  expect(steps.map((step) => [...step])).toEqual([[0], [1, 3], [2, 4], [5]]);
});

test("a known first row by hand", () => {
  // The first row is given, so the second one starts at once; nothing needs the hidden states of 2 later than 5.
  const known = Uint8Array.from([1, 1, 1, 0, 0, 0]);
  const options = { pattern: window(3, 3, 1), grid: imageGrid(2, 3), known };
  expect(decodeSchedule(options).map((step) => [...step])).toEqual([[3], [4], [5]]);
  expect(parallelSteps(options).map(({ positions }) => [...positions])).toEqual([[0, 1, 2, 3], [4], [5]]);
});

test.each([
  [49, videoGrid(16, 16, 10), window(3, 3, 3)],
  [41, imageGrid(21, 21), window(3, 3, 1)],
  [59, videoGrid(21, 21, 10), window(3, 3, 3)],
  [169, videoGrid(16, 16, 10), window(7, 7, 5)],
  [21, videoGrid(8, 8, 4), window(3, 3, 3)],
] as const)("%i steps for %o", (steps, grid, pattern) => {
  expect(decodeSchedule({ pattern, grid })).toHaveLength(steps);
});

test("the formula j + r_w i + r_w (r_h + 1) k for windows smaller than the grid", () => {
  const grid = videoGrid(5, 6, 3);
  for (const [height, width] of [
    [1, 1],
    [1, 2],
    [2, 1],
    [3, 2],
  ]) {
    const pattern = nearby({ radius: { height, width, frames: 1 } });
    decodeSchedule({ pattern, grid }).forEach((tokens, step) => {
      for (const token of tokens) {
        const [column, row, frame] = [token % 6, Math.floor(token / 6) % 5, Math.floor(token / 30)];
        expect(column + width * row + width * (height + 1) * frame).toBe(step);
      }
    });
  }
});

const patterns: AttentionPattern[] = [
  window(3, 3, 3),
  window(5, 3, 1),
  window(1, 1, 1),
  nearby({ extent: { height: 3, width: 3, frames: 3 } }, { border: "shift" }),
  nearby({ radius: { height: 1, width: 1, frames: 1 } }, { dilation: { width: 2 } }),
  axial(),
  blockSparse({ block: { height: 2, width: 2, frames: 2 } }),
  full(),
];
const masks = {
  none: () => 0,
  all: () => 1,
  "first frame": (index: number) => Number(index < 12),
  some: (_index: number, uniform: number) => Number(uniform < 0.4),
};

describe.each(patterns)("$name", (pattern) => {
  const grid = videoGrid(3, 4, 3);

  test.each(["axes", "row", "raster"] as const)(
    "every token is as early as its dependencies allow, shift %s",
    (shift) => {
      const graph = dependencyGraph(pattern, grid, shift);
      const uniform = new Rng(5).uniform(tokenCount(grid));
      for (const maskOf of Object.values(masks)) {
        const known = Uint8Array.from(uniform, (value, index) => maskOf(index, value));
        const steps = decodeSchedule({ pattern, grid, shift, known });
        expect(steps.map((step) => [...step])).toEqual(earliestSteps(graph, known));
        checkOrder(parallelSteps({ pattern, grid, shift, known }), { pattern, grid, shift, known });
        const sequential = sequentialSteps({ pattern, grid, shift, known });
        checkOrder(sequential, { pattern, grid, shift, known });
        expect(sequential.flatMap(({ unknown }) => [...unknown])).toEqual(
          [...known.keys()].filter((index) => !known[index]),
        );
      }
    },
  );
});

test("full attention takes about one token a step, and a mask of the wrong size is refused", () => {
  expect(decodeSchedule({ pattern: full(), grid: imageGrid(4, 4), shift: "raster" })).toHaveLength(16);
  expect(() => decodeSchedule({ pattern: full(), grid: imageGrid(2, 2), known: new Uint8Array(3) })).toThrow(
    "known needs one entry per token of the grid, 4, got 3",
  );
});

/** Fails when a step computes a position before its inputs are known or its window is computed. */
function checkOrder(
  steps: ReturnType<typeof parallelSteps>,
  { pattern, grid, shift, known }: { pattern: AttentionPattern; grid: Grid; shift: Shift; known: Uint8Array },
): void {
  const { offsets, keys } = neighbourTable(pattern, { queryGrid: grid, causal: true });
  const inputs = shiftedIndices(shift, grid);
  const decided = [...known, 1];
  const computed = new Set<number>();
  for (const { positions, unknown } of steps) {
    for (const position of positions) {
      expect(computed.has(position)).toBe(false);
      expect(inputs.every((input) => decided[input[position]])).toBe(true);
    }
    for (const position of positions) computed.add(position);
    for (const position of positions) {
      const window = keys.subarray(offsets[position], offsets[position + 1]);
      expect(window.every((key) => computed.has(key))).toBe(true);
    }
    for (const position of unknown) decided[position] = 1;
  }
}
