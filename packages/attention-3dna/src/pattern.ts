import type { Coordinate, Grid } from "@nuwa/tensor3d";

/** Sizes along the three axes of a grid, in tokens. */
export interface Extent {
  readonly height: number;
  readonly width: number;
  readonly frames: number;
}

/** Which keys each query attends. `nearby`, `full`, `axial` and `blockSparse` make one; anyone may write another. */
export interface AttentionPattern {
  /** For messages, such as `nearby 3x3x3`. */
  readonly name: string;
  /** Indices of the keys that a query attends, ascending, before causality. */
  keysOf(query: Coordinate, queryGrid: Grid, keyGrid: Grid): Iterable<number>;
}

/** The two grids that a pattern is laid over. */
export interface AttentionShape {
  readonly queryGrid: Grid;
  /** Default: the query's own grid. */
  readonly keyGrid?: Grid;
  /** Drops the keys whose raster index is above the query's own. Needs equal grids. */
  readonly causal?: boolean;
}

/** `3x3xall`: height, width, frames. */
export function describeExtent({ height, width, frames }: Extent): string {
  return [height, width, frames].map((size) => (size === Infinity ? "all" : size)).join("x");
}
