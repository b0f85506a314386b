/** Figures of one logged step: means over the steps since the last one. */
export interface HistoryEntry {
  readonly step: number;
  /** Seconds of training so far, in this stage. */
  readonly seconds: number;
  readonly values: Readonly<Record<string, number>>;
}

/** One figure of a history as a line for a chart; entries without it are left out. */
export function historyPoints(history: readonly HistoryEntry[], name: string): [number, number][] {
  return history.filter(({ values }) => name in values).map(({ step, values }) => [step, values[name]]);
}
