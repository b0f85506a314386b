import { mapCoordinate } from "@nuwa/tensor3d";
import type { AttentionPattern } from "./pattern.ts";

/**
 * Keys on the three axis lines through the mapped query position, those that share at least two of
 * its three coordinates: `O(n (h + w + s))` pairs.
 */
export function axial(): AttentionPattern {
  return {
    name: "axial",
    keysOf(query, queryGrid, keyGrid) {
      const { height, width, frames } = keyGrid;
      const { row: ownRow, column: ownColumn, frame: ownFrame } = mapCoordinate(query, queryGrid, keyGrid);
      const keys = new Int32Array(height + width + frames - 2);
      let length = 0;
      for (let frame = 0; frame < frames; frame++) {
        const first = frame * height * width;
        if (frame !== ownFrame) {
          keys[length++] = first + ownRow * width + ownColumn;
          continue;
        }
        for (let row = 0; row < height; row++) {
          if (row !== ownRow) keys[length++] = first + row * width + ownColumn;
          else for (let column = 0; column < width; column++) keys[length++] = first + row * width + column;
        }
      }
      return keys;
    },
  };
}
