/** Where values lie. */
export interface Spread {
  readonly mean: number;
  /** Sample standard deviation; absent for a single value. */
  readonly deviation?: number;
}

/** Of at least one value. */
export function meanAndDeviation(values: readonly number[]): Spread {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  if (values.length === 1) return { mean };
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return { mean, deviation: Math.sqrt(squares / (values.length - 1)) };
}
