import type { NeighbourTable } from "../neighbour-table.ts";

/** A neighbour table read by key: key `m` is attended by `queries[offsets[m]] ... queries[offsets[m + 1] - 1]`, ascending. */
export interface TransposedTable {
  /** `[keys + 1]`. */
  readonly offsets: Int32Array;
  /** One entry per pair. */
  readonly queries: Int32Array;
  /** The pair's entry in the table that this is the transpose of. */
  readonly entries: Int32Array;
}

const transposes = new WeakMap<NeighbourTable, TransposedTable>();

/** The transpose for the backward pass. Built once for a table and shared: do not write to it. */
export function transposedTable(table: NeighbourTable, keyCount: number): TransposedTable {
  const known = transposes.get(table) ?? transpose(table, keyCount);
  transposes.set(table, known);
  return known;
}

function transpose({ offsets, keys }: NeighbourTable, keyCount: number): TransposedTable {
  const starts = new Int32Array(keyCount + 1);
  for (let entry = 0; entry < keys.length; entry++) starts[keys[entry] + 1]++;
  for (let key = 0; key < keyCount; key++) starts[key + 1] += starts[key];
  const next = starts.slice(0, keyCount);
  const queries = new Int32Array(keys.length);
  const entries = new Int32Array(keys.length);
  for (let query = 0; query < offsets.length - 1; query++) {
    for (let entry = offsets[query]; entry < offsets[query + 1]; entry++) {
      const place = next[keys[entry]]++;
      queries[place] = query;
      entries[place] = entry;
    }
  }
  return { offsets: starts, queries, entries };
}
