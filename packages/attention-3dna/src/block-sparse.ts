import { mapCoordinate, NuwaError } from "@nuwa/tensor3d";
import { boxKeys } from "./box-keys.ts";
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
    keysOf(query, queryGrid, keyGrid) {
      const centre = mapCoordinate(query, queryGrid, keyGrid);
      const frames = blockAround(centre.frame, keyGrid.frames, block.frames);
      const rows = blockAround(centre.row, keyGrid.height, block.height);
      const columns = blockAround(centre.column, keyGrid.width, block.width);
      return boxKeys(keyGrid, { frames, rows, columns });
    },
  };
}

/** The positions of the block that `centre` lies in. */
function blockAround(centre: number, size: number, block: number): number[] {
  const first = block >= size ? 0 : Math.floor(centre / block) * block;
  const positions: number[] = [];
  for (let at = first; at < Math.min(first + block, size); at++) positions.push(at);
  return positions;
}
