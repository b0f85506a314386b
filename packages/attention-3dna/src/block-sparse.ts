import { mapCoordinate, NuwaError, tokenIndex } from "@nuwa/tensor3d";
import { type AttentionPattern, describeExtent, type Extent } from "./pattern.ts";

/**
 * Keys in the same block as the mapped query position. Blocks tile the key grid from its origin; the
 * last one along an axis may be cut. `O(n b)` pairs with `b` tokens a block.
 *
 * @throws NuwaError `CONFIG` when a block's size is not a whole number of at least 1, or Infinity
 */
export function blockSparse({ block }: { readonly block: Extent }): AttentionPattern {
  for (const axis of ["height", "width", "frames"] as const) {
    const size = block[axis];
    if (size === Infinity || (Number.isInteger(size) && size >= 1)) continue;
    throw new NuwaError(
      "CONFIG",
      `blockSparse: block.${axis} must be a whole number of at least 1, got ${size}. Use 1, 2, ... or Infinity.`,
    );
  }
  return {
    name: `block-sparse ${describeExtent(block)}`,
    *keysOf(query, queryGrid, keyGrid) {
      const centre = mapCoordinate(query, queryGrid, keyGrid);
      const frames = blockAround(centre.frame, keyGrid.frames, block.frames);
      const rows = blockAround(centre.row, keyGrid.height, block.height);
      const columns = blockAround(centre.column, keyGrid.width, block.width);
      for (let frame = frames.first; frame < frames.end; frame++)
        for (let row = rows.first; row < rows.end; row++)
          for (let column = columns.first; column < columns.end; column++)
            yield tokenIndex(keyGrid, { row, column, frame });
    },
  };
}

function blockAround(centre: number, size: number, block: number): { first: number; end: number } {
  if (block >= size) return { first: 0, end: size };
  const first = Math.floor(centre / block) * block;
  return { first, end: Math.min(first + block, size) };
}
