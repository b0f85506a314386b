import type { AttentionBias } from "../attend-table.ts";
import type { SelectedRows } from "./select-rows.ts";

/** The columns of a bias for the pairs of some rows. */
export function biasColumns(bias: AttentionBias, { entries }: SelectedRows): Int32Array {
  return entries.map((entry) => bias.offsetOf[entry]);
}
