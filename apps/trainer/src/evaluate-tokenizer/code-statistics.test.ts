import { expect, test } from "vitest";
import { CodeStatistics } from "./code-statistics.ts";

test("usage and perplexity over all batches", () => {
  const statistics = new CodeStatistics(8);
  statistics.add(Int32Array.of(1, 1, 5));
  statistics.add(Int32Array.of(7, 7, 7, 1, 5));
  expect(statistics.usage()).toBe(3 / 8);
  // Shares 3/8, 2/8, 3/8.
  const entropy = -2 * (3 / 8) * Math.log(3 / 8) - (1 / 4) * Math.log(1 / 4);
  expect(statistics.perplexity()).toBeCloseTo(Math.exp(entropy), 12);
});

test("one code has the perplexity 1, all equally often that of their number", () => {
  const one = new CodeStatistics(4);
  one.add([2, 2, 2]);
  expect(one.perplexity()).toBe(1);
  const all = new CodeStatistics(4);
  all.add([0, 1, 2, 3]);
  expect(all.perplexity()).toBeCloseTo(4, 12);
});
