import { type HistoryEntry, historyPoints } from "../run/history.ts";
import type { Series } from "./chart.ts";

/** A line of a chart for each figure of a history, by its key, under a readable name. */
export function linesOf(history: readonly HistoryEntry[], names: Readonly<Record<string, string>>): Series[] {
  return Object.entries(names).map(([key, name]) => ({ name, points: historyPoints(history, key) }));
}
