import { Rng, tokenCount, videoGrid } from "@nuwa/tensor3d";
import { expect, test } from "vitest";
import { patternFromConfig } from "../pattern-config.ts";
import { decodeSchedule } from "../schedule.ts";
import type { Shift } from "../shift.ts";
import { dependencyGraph, earliestSteps } from "./dependency-graph.ts";
import { chance, pick, randomGrid, randomMask } from "./random-grid.ts";
import { randomPattern } from "./random-pattern.ts";

const shifts: Shift[] = ["axes", "row", "raster"];

test("500 random patterns, grids, shifts and given tokens: the steps are those of a simulation", () => {
  for (let seed = 1; seed <= 500; seed++) {
    const rng = new Rng(seed);
    const config = randomPattern(rng);
    const pattern = patternFromConfig(config);
    const grid = randomGrid(rng);
    const shift = pick(rng, shifts);
    const known = chance(rng, 0.3) ? undefined : randomMask(rng, grid);
    const steps = decodeSchedule({ pattern, grid, shift, known }).map((step) => [...step]);
    const graph = dependencyGraph(pattern, grid, shift);
    const expected = earliestSteps(graph, known ?? new Uint8Array(tokenCount(grid)));
    expect(steps, `seed ${seed}: ${JSON.stringify({ config, grid, shift, known })}`).toEqual(expected);
  }
});

test("a graph by hand: a 1x3 image with the middle given", () => {
  const grid = videoGrid(1, 3, 1);
  const pattern = patternFromConfig({ kind: "nearby", extent: [1, 3, 1] });
  const graph = dependencyGraph(pattern, grid, "axes");
  expect(graph.attends.map((keys) => [...keys])).toEqual([[0], [0, 1], [1, 2]]);
  expect(graph.reads.map((tokens) => [...tokens])).toEqual([[], [0], [1]]);
  // Token 2 reads the given one, but attends position 1, which reads token 0.
  expect(earliestSteps(graph, Uint8Array.of(0, 1, 0))).toEqual([[0], [2]]);
  expect(earliestSteps(graph, Uint8Array.of(1, 0, 0))).toEqual([[1], [2]]);
});
