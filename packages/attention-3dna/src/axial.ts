import { type Coordinate, type Grid, mapCoordinate, tokenIndex } from "@nuwa/tensor3d";
import type { AttentionPattern } from "./pattern.ts";

/**
 * Keys on the three axis lines through the mapped query position, those that share at least two of
 * its three coordinates: `O(n (h + w + s))` pairs.
 */
export function axial(): AttentionPattern {
  return {
    name: "axial",
    *keysOf(query, queryGrid, keyGrid) {
      const centre = mapCoordinate(query, queryGrid, keyGrid);
      for (let frame = 0; frame < centre.frame; frame++) yield tokenIndex(keyGrid, { ...centre, frame });
      yield* crossInFrame(keyGrid, centre);
      for (let frame = centre.frame + 1; frame < keyGrid.frames; frame++) {
        yield tokenIndex(keyGrid, { ...centre, frame });
      }
    },
  };
}

/** The column through `centre` and its row, in raster order. */
function* crossInFrame(grid: Grid, centre: Coordinate): Generator<number> {
  for (let row = 0; row < centre.row; row++) yield tokenIndex(grid, { ...centre, row });
  for (let column = 0; column < grid.width; column++) yield tokenIndex(grid, { ...centre, column });
  for (let row = centre.row + 1; row < grid.height; row++) yield tokenIndex(grid, { ...centre, row });
}
