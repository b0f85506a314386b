import { expect, test } from "vitest";
import { meanAndDeviation } from "./spread.ts";

test("mean and sample standard deviation", () => {
  expect(meanAndDeviation([1, 2, 6])).toEqual({ mean: 3, deviation: Math.sqrt((4 + 1 + 9) / 2) });
  expect(meanAndDeviation([5])).toEqual({ mean: 5 });
});
