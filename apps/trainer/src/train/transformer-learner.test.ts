import { expect, test } from "vitest";
import { blindShareAt } from "./transformer-learner.ts";

test("the blind share falls evenly and then stays", () => {
  const blindShare = { first: 1, last: 0.3, until: 0.5 };
  const at = (progress: number) => blindShareAt({ blindShare }, progress);
  expect(at(0)).toBe(1);
  expect(at(0.25)).toBeCloseTo(0.65, 12);
  expect(at(0.5)).toBe(0.3);
  expect(at(0.9)).toBe(0.3);
});

test("without a share nothing is blind", () => {
  expect(blindShareAt({ blindShare: { first: 0, last: 0, until: 0 } }, 0)).toBe(0);
});
