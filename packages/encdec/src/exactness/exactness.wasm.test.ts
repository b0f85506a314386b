import { probeWasm, registerWasm } from "@nuwa/backends/wasm";
import { isRequired } from "@nuwa/testing";
import { expect, test } from "vitest";
import { caseCount } from "./cases.ts";
import { checkExactness } from "./suite.ts";

const cases = caseCount(300);

test(`${cases} random models on wasm decode in parallel as one by one`, {
  timeout: 600_000,
}, async (context) => {
  const probe = await probeWasm();
  if (!probe.available && !isRequired("wasm")) context.skip(probe.reason);
  await registerWasm();
  const { failures, tokens } = await checkExactness(cases);
  expect(failures).toEqual([]);
  expect(tokens).toBeGreaterThan(cases);
});
