/** The smallest, middle and largest of some numbers. */
export function summarize(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const half = Math.floor(sorted.length / 2);
  const median = sorted.length % 2 === 1 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
  return { min: sorted[0], median, max: sorted[sorted.length - 1] };
}

/** `123 / 130 / 150 ms`, from seconds. */
export function milliseconds({ min, median, max }) {
  return `${[min, median, max].map((seconds) => (seconds * 1000).toFixed(0)).join(" / ")} ms`;
}
