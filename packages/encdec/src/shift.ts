import { coordinateOf, type Grid, tokenCount, tokenIndex } from "@nuwa/tensor3d";

/**
 * Which known tokens a position reads as input: its neighbours along each axis (`axes`), the one to its left
 * (`row`) or the one before it in raster order (`raster`).
 */
export type Shift = "axes" | "row" | "raster";

/** The tables of a shift, one an input, by the names they have in a checkpoint. */
export const shiftInputs = {
  axes: ["left", "above", "before"],
  row: ["left"],
  raster: ["previous"],
} as const satisfies Record<Shift, readonly string[]>;

export type ShiftInput = (typeof shiftInputs)[Shift][number];

/**
 * The index of the token that each position reads, `[tokens]` for each input of the shift; the number of
 * tokens stands for the border.
 */
export function shiftedIndices(shift: Shift, grid: Grid): Int32Array[] {
  return shiftInputs[shift].map((input) => {
    const border = tokenCount(grid);
    return Int32Array.from({ length: border }, (_, index) => neighbour(input, grid, index) ?? border);
  });
}

function neighbour(input: ShiftInput, grid: Grid, index: number): number | undefined {
  const { row, column, frame } = coordinateOf(grid, index);
  switch (input) {
    case "left":
      return column > 0 ? index - 1 : undefined;
    case "above":
      return row > 0 ? tokenIndex(grid, { row: row - 1, column, frame }) : undefined;
    case "before":
      return frame > 0 ? tokenIndex(grid, { row, column, frame: frame - 1 }) : undefined;
    case "previous":
      return index > 0 ? index - 1 : undefined;
  }
}
