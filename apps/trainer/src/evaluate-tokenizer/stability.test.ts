import { expect, test } from "vitest";
import { StabilityScore } from "./stability.ts";

const before = [
  [0, 0, 0, 0, 0],
  [0, 1, 2, 3, 0],
  [0, 4, 5, 6, 0],
  [0, 0, 0, 0, 0],
].flat();
const grid = { height: 4, width: 5 };

test("to the right: codes of the inner tokens, each with the one after it", () => {
  const score = new StabilityScore();
  const after = [
    [9, 9, 9, 9, 9],
    [9, 9, 1, 2, 9],
    [9, 9, 4, 8, 9],
    [9, 9, 9, 9, 9],
  ].flat();
  score.add(before, after, grid, { rows: 0, columns: 1 });
  expect(score.share()).toBe(3 / 4); // 1, 2, 4 moved along, 5 became 8
});

test("down, added to what came before", () => {
  const score = new StabilityScore();
  const after = [
    [9, 9, 9, 9, 9],
    [9, 9, 9, 9, 9],
    [9, 1, 2, 8, 9],
    [9, 4, 5, 6, 9],
  ].flat();
  score.add(before, after, grid, { rows: 1, columns: 0 });
  expect(score.share()).toBe(2 / 3);
  score.add(before, before, grid, { rows: 1, columns: 0 });
  expect(score.share()).toBe(2 / 6);
});

test("grids without inner neighbours say nothing", () => {
  const score = new StabilityScore();
  expect(score.share()).toBeUndefined();
  score.add(
    [1, 2, 3, 4, 5, 6, 7, 8, 9],
    [1, 2, 3, 4, 5, 6, 7, 8, 9],
    { height: 3, width: 3 },
    { rows: 1, columns: 0 },
  );
  expect(score.share()).toBeUndefined();
});
