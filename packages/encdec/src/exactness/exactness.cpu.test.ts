import { useCpu } from "@nuwa/testing";
import { expect, test } from "vitest";
import { caseCount } from "./cases.ts";
import { checkExactness } from "./suite.ts";

const cases = caseCount(300);

test(`${cases} random models on cpu decode in parallel as one by one`, { timeout: 600_000 }, async () => {
  await useCpu();
  const { failures, tokens } = await checkExactness(cases);
  expect(failures).toEqual([]);
  expect(tokens).toBeGreaterThan(cases);
});
