import { tokenCount } from "@nuwa/tensor3d";
import { neighbourTable } from "./neighbour-table.ts";
import type { AttentionPattern, AttentionShape } from "./pattern.ts";

/** `[queries * keys]` row by row: 1 where the query attends the key, else 0. */
export function attentionMask(pattern: AttentionPattern, shape: AttentionShape): Uint8Array {
  const { offsets, keys } = neighbourTable(pattern, shape);
  const queryCount = tokenCount(shape.queryGrid);
  const keyCount = tokenCount(shape.keyGrid ?? shape.queryGrid);
  const mask = new Uint8Array(queryCount * keyCount);
  for (let query = 0; query < queryCount; query++) {
    for (let entry = offsets[query]; entry < offsets[query + 1]; entry++)
      mask[query * keyCount + keys[entry]] = 1;
  }
  return mask;
}

/** How many (query, key) pairs are attended: what attention costs under this pattern. */
export function pairCount(pattern: AttentionPattern, shape: AttentionShape): number {
  return neighbourTable(pattern, shape).keys.length;
}
