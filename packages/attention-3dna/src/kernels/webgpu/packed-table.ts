import type { NeighbourTable } from "../../neighbour-table.ts";
import { transposedTable } from "../transpose.ts";

/**
 * A table in one array, for shaders bind few: `rows + 1` offsets of compressed rows, then the entries, each `stride`
 * numbers.
 */
export type PackedTable = Int32Array<ArrayBuffer>;

/** By query: an entry is the key and, with a bias, its column. */
export function packByQuery(table: NeighbourTable, offsetOf?: Int32Array): PackedTable {
  return pack(table.offsets, offsetOf ? [table.keys, offsetOf] : [table.keys]);
}

/** By key: an entry is the query and, with a bias, its column. */
export function packByKey(table: NeighbourTable, keyCount: number, offsetOf?: Int32Array): PackedTable {
  const { offsets, queries, entries } = transposedTable(table, keyCount);
  return pack(offsets, offsetOf ? [queries, entries.map((entry) => offsetOf[entry])] : [queries]);
}

/** By column of the bias: an entry is a query and its key. */
export function packByColumn(table: NeighbourTable, offsetOf: Int32Array, columnCount: number): PackedTable {
  const { offsets, keys } = table;
  const byColumn = transposedTable({ offsets, keys: offsetOf }, columnCount);
  return pack(byColumn.offsets, [byColumn.queries, byColumn.entries.map((entry) => keys[entry])]);
}

function pack(offsets: Int32Array, fields: readonly Int32Array[]): PackedTable {
  const stride = fields.length;
  const packed = new Int32Array(offsets.length + stride * fields[0].length);
  packed.set(offsets);
  fields.forEach((field, place) => {
    for (let entry = 0; entry < field.length; entry++) {
      packed[offsets.length + entry * stride + place] = field[entry];
    }
  });
  return packed;
}
