import type { NeighbourTable } from "../neighbour-table.ts";

/** Some rows of a table as a table of their own, in the order asked for. */
export interface SelectedRows {
  readonly table: NeighbourTable;
  /** For each pair, its entry in the whole table. */
  readonly entries: Int32Array;
}

/** @param placeOf what stands for a key in the new table. Default: the key itself */
export function selectRows(
  { offsets, keys }: NeighbourTable,
  queries: ArrayLike<number>,
  placeOf: (key: number) => number = (key) => key,
): SelectedRows {
  const starts = new Int32Array(queries.length + 1);
  for (let row = 0; row < queries.length; row++) {
    starts[row + 1] = starts[row] + offsets[queries[row] + 1] - offsets[queries[row]];
  }
  const entries = new Int32Array(starts[queries.length]);
  const places = new Int32Array(entries.length);
  for (let row = 0; row < queries.length; row++) {
    const first = offsets[queries[row]];
    for (let pair = starts[row]; pair < starts[row + 1]; pair++) {
      entries[pair] = first + pair - starts[row];
      places[pair] = placeOf(keys[entries[pair]]);
    }
  }
  return { table: { offsets: starts, keys: places }, entries };
}
