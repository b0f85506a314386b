import { NuwaError } from "./errors.ts";

/** The size of a token volume. Text is `1 x 1 x frames`, an image `height x width x 1`. */
export interface Grid {
  readonly height: number;
  readonly width: number;
  readonly frames: number;
}

/** A position in a grid, counted from 0. */
export interface Coordinate {
  readonly row: number;
  readonly column: number;
  readonly frame: number;
}

/** `length` tokens in a line: they lie along the frame axis. */
export function textGrid(length: number): Grid {
  return checkedGrid("textGrid", { height: 1, width: 1, frames: length });
}

/** `height x width` tokens in one frame. */
export function imageGrid(height: number, width: number): Grid {
  return checkedGrid("imageGrid", { height, width, frames: 1 });
}

/** `frames` frames of `height x width` tokens. */
export function videoGrid(height: number, width: number, frames: number): Grid {
  return checkedGrid("videoGrid", { height, width, frames });
}

/** How many tokens a grid holds. */
export function tokenCount(grid: Grid): number {
  return grid.height * grid.width * grid.frames;
}

/** Whether two grids have the same rows, columns and frames. */
export function sameGrid(a: Grid, b: Grid): boolean {
  return a.height === b.height && a.width === b.width && a.frames === b.frames;
}

/** `height x width x frames`, as numbers, for messages. */
export function describeGrid({ height, width, frames }: Grid): string {
  return `${height}x${width}x${frames}`;
}

/**
 * The index of a coordinate in raster order, frame first: `(frame * height + row) * width + column`.
 *
 * @throws NuwaError `INPUT` when the coordinate lies outside the grid
 */
export function tokenIndex(grid: Grid, coordinate: Coordinate): number {
  const { row, column, frame } = coordinate;
  if (!(isBelow(row, grid.height) && isBelow(column, grid.width) && isBelow(frame, grid.frames))) {
    throw new NuwaError(
      "INPUT",
      `tokenIndex: wanted a coordinate inside ${describe(grid)}, ` +
        `got row ${row}, column ${column}, frame ${frame}. Coordinates count from 0.`,
    );
  }
  return (frame * grid.height + row) * grid.width + column;
}

/**
 * The inverse of `tokenIndex`.
 *
 * @throws NuwaError `INPUT` when there is no such token
 */
export function coordinateOf(grid: Grid, index: number): Coordinate {
  if (!isBelow(index, tokenCount(grid))) {
    throw new NuwaError(
      "INPUT",
      `coordinateOf: wanted an index from 0 to ${tokenCount(grid) - 1} in ${describe(grid)}, got ${index}.`,
    );
  }
  const column = index % grid.width;
  const line = (index - column) / grid.width;
  const row = line % grid.height;
  return { row, column, frame: (line - row) / grid.height };
}

/** The coordinate of `to` that corresponds to one of `from`: `floor(i h' / h)`, and so on along each axis. */
export function mapCoordinate(coordinate: Coordinate, from: Grid, to: Grid): Coordinate {
  return {
    row: Math.floor((coordinate.row * to.height) / from.height),
    column: Math.floor((coordinate.column * to.width) / from.width),
    frame: Math.floor((coordinate.frame * to.frames) / from.frames),
  };
}

function checkedGrid(where: string, grid: Grid): Grid {
  for (const [axis, size] of Object.entries(grid)) {
    if (!Number.isInteger(size) || size < 1) {
      throw new NuwaError("CONFIG", `${where}: ${axis} must be a positive integer, got ${size}.`);
    }
  }
  return grid;
}

function isBelow(value: number, size: number): boolean {
  return Number.isInteger(value) && value >= 0 && value < size;
}

function describe(grid: Grid): string {
  return `the grid of ${grid.height} rows, ${grid.width} columns, ${grid.frames} frames`;
}
