import { coordinateOf, describeGrid, type Grid, NuwaError, sameGrid, tokenCount } from "@nuwa/tensor3d";
import type { AttentionPattern, AttentionShape } from "./pattern.ts";
import { ShapeCache } from "./shape-cache.ts";

/** Compressed rows: query `n` attends `keys[offsets[n]] ... keys[offsets[n + 1] - 1]`, ascending. */
export interface NeighbourTable {
  /** `[queries + 1]`. */
  readonly offsets: Int32Array;
  /** One entry per (query, key) pair. */
  readonly keys: Int32Array;
}

const tables = new ShapeCache<NeighbourTable>();

/**
 * The keys of every query, causality applied. Built once per (pattern, shape) and shared: do not write to it.
 *
 * @throws NuwaError `CONFIG` when a query has no key, when the pattern's keys are not ascending or not in
 * the grid, or when `causal` comes with unequal grids
 */
export function neighbourTable(pattern: AttentionPattern, shape: AttentionShape): NeighbourTable {
  return tables.get(pattern, shape, () => buildTable(pattern, shape));
}

function buildTable(pattern: AttentionPattern, shape: AttentionShape): NeighbourTable {
  const { queryGrid, keyGrid = queryGrid, causal = false } = shape;
  if (causal && !sameGrid(queryGrid, keyGrid)) {
    throw new NuwaError(
      "CONFIG",
      `neighbourTable: causal attention needs equal grids, got queries ${describeGrid(queryGrid)} and keys ${describeGrid(keyGrid)}. Leave causal out for cross-attention.`,
    );
  }
  checkGrid("queryGrid", queryGrid);
  checkGrid("keyGrid", keyGrid);
  const queryCount = tokenCount(queryGrid);
  const keyCount = tokenCount(keyGrid);
  const offsets = new Int32Array(queryCount + 1);
  let keys = new Int32Array(Math.max(64, queryCount * 8));
  let length = 0;
  for (let query = 0; query < queryCount; query++) {
    let last = -1;
    for (const key of pattern.keysOf(coordinateOf(queryGrid, query), queryGrid, keyGrid)) {
      if (!(key > last && key < keyCount && Number.isInteger(key)))
        throw badKey(pattern, query, key, last, keyCount);
      last = key;
      if (causal && key > query) continue;
      if (length === keys.length) keys = grown(keys);
      keys[length++] = key;
    }
    if (length === offsets[query]) throw noKey(pattern, query, queryGrid, causal);
    offsets[query + 1] = length;
  }
  return { offsets, keys: keys.slice(0, length) };
}

function checkGrid(name: string, grid: Grid): void {
  for (const axis of ["height", "width", "frames"] as const) {
    if (Number.isInteger(grid[axis]) && grid[axis] >= 1) continue;
    throw new NuwaError(
      "CONFIG",
      `neighbourTable: ${name}.${axis} must be a whole number of at least 1, got ${grid[axis]}. Make grids by imageGrid, videoGrid or textGrid.`,
    );
  }
}

function grown(keys: Int32Array): Int32Array<ArrayBuffer> {
  const larger = new Int32Array(keys.length * 2);
  larger.set(keys);
  return larger;
}

function noKey(pattern: AttentionPattern, query: number, grid: Grid, causal: boolean): NuwaError {
  const { row, column, frame } = coordinateOf(grid, query);
  return new NuwaError(
    "CONFIG",
    `neighbourTable: pattern "${pattern.name}" leaves query ${query} (row ${row}, column ${column}, frame ${frame}) without a key${causal ? " under causality" : ""}. Let every query attend at least one key.`,
  );
}

function badKey(
  pattern: AttentionPattern,
  query: number,
  key: number,
  last: number,
  count: number,
): NuwaError {
  return new NuwaError(
    "CONFIG",
    `neighbourTable: pattern "${pattern.name}" must yield ascending whole numbers in [0, ${count}), got ${key} after ${last} for query ${query}. Sort the keys and drop duplicates.`,
  );
}

/** The most keys of a query. */
export function longestRow({ offsets }: NeighbourTable): number {
  let longest = 0;
  for (let row = 1; row < offsets.length; row++) {
    longest = Math.max(longest, offsets[row] - offsets[row - 1]);
  }
  return longest;
}
