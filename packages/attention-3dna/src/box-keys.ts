import type { Grid } from "@nuwa/tensor3d";

/** Positions along the axes of a key grid, each ascending. */
export interface Box {
  readonly frames: ArrayLike<number>;
  readonly rows: ArrayLike<number>;
  readonly columns: ArrayLike<number>;
}

/** The keys at all crossings of a box, ascending. */
export function boxKeys({ height, width }: Grid, { frames, rows, columns }: Box): Int32Array {
  const keys = new Int32Array(frames.length * rows.length * columns.length);
  let length = 0;
  for (let f = 0; f < frames.length; f++) {
    for (let r = 0; r < rows.length; r++) {
      const first = (frames[f] * height + rows[r]) * width;
      for (let c = 0; c < columns.length; c++) keys[length++] = first + columns[c];
    }
  }
  return keys;
}
