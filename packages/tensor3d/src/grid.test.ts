import { describe, expect, test } from "vitest";
import {
  coordinateOf,
  imageGrid,
  mapCoordinate,
  textGrid,
  tokenCount,
  tokenIndex,
  videoGrid,
} from "./grid.ts";

test("text lies along the frames, an image in one of them", () => {
  expect(textGrid(7)).toEqual({ height: 1, width: 1, frames: 7 });
  expect(imageGrid(2, 3)).toEqual({ height: 2, width: 3, frames: 1 });
  expect(tokenCount(videoGrid(2, 3, 4))).toBe(24);
});

test("the index is (frame * height + row) * width + column", () => {
  expect(tokenIndex(videoGrid(2, 3, 4), { row: 1, column: 2, frame: 3 })).toBe(23);
  expect(tokenIndex(videoGrid(2, 3, 4), { row: 1, column: 0, frame: 2 })).toBe(15);
});

test("coordinateOf is the inverse of tokenIndex", () => {
  const grid = videoGrid(3, 4, 2);
  for (let index = 0; index < 24; index++) expect(tokenIndex(grid, coordinateOf(grid, index))).toBe(index);
});

test("mapCoordinate rounds down along each axis", () => {
  const mapped = mapCoordinate({ row: 3, column: 1, frame: 9 }, videoGrid(4, 4, 10), videoGrid(2, 8, 3));
  expect(mapped).toEqual({ row: 1, column: 2, frame: 2 });
});

describe("bad input is named:", () => {
  test.each([
    [() => videoGrid(0, 1, 1), /videoGrid: height must be a positive integer, got 0/],
    [() => textGrid(1.5), /textGrid: frames must be a positive integer, got 1.5/],
    [
      () => tokenIndex(imageGrid(2, 2), { row: 2, column: 0, frame: 0 }),
      /inside the grid of 2 rows.*got row 2/,
    ],
    [() => coordinateOf(imageGrid(2, 2), 4), /from 0 to 3.*got 4/],
  ])("%s", (action, message) => expect(action).toThrow(message));
});
