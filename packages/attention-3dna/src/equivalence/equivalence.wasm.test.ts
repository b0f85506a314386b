import { probeWasm, registerWasm } from "@nuwa/backends/wasm";
import { isRequired } from "@nuwa/testing";
import { expect, test } from "vitest";
import { CASES } from "./cases.ts";
import { decodeFailures } from "./decode-suite.ts";
import { rotaryFailures } from "./rotary.ts";
import { equivalenceFailures, largeScoresFailures } from "./suite.ts";

test(`${CASES} random cases on wasm agree with double precision`, { timeout: 600_000 }, async (context) => {
  const probe = await probeWasm();
  if (!probe.available && !isRequired("wasm")) context.skip(probe.reason);
  await registerWasm();
  expect(await equivalenceFailures({ cases: CASES })).toEqual([]);
  expect(await largeScoresFailures()).toEqual([]);
  expect(await decodeFailures(Math.ceil(CASES / 4))).toEqual([]);
  expect(await rotaryFailures()).toEqual([]);
});
