import { useCpu } from "@nuwa/testing";
import { expect, test } from "vitest";
import { CASES } from "./cases.ts";
import { decodeFailures } from "./decode-suite.ts";
import { rotaryFailures } from "./rotary.ts";
import { equivalenceFailures, largeScoresFailures } from "./suite.ts";

test(`${CASES} random cases on cpu agree with double precision`, { timeout: 600_000 }, async () => {
  await useCpu();
  expect(await equivalenceFailures({ cases: CASES, dense: true })).toEqual([]);
  expect(await largeScoresFailures()).toEqual([]);
  expect(await decodeFailures(Math.ceil(CASES / 4))).toEqual([]);
  expect(await rotaryFailures()).toEqual([]);
});
