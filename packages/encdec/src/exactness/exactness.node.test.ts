import { prepareKernels } from "@nuwa/attention-3dna";
import { probeNode, registerNode } from "@nuwa/backends/node";
import { isRequired } from "@nuwa/testing";
import { expect, test } from "vitest";
import { caseCount } from "./cases.ts";
import { checkExactness } from "./suite.ts";

const cases = caseCount(300);

test(`${cases} random models on node decode in parallel as one by one`, {
  timeout: 600_000,
}, async (context) => {
  const probe = await probeNode();
  if (!probe.available && !isRequired("node")) context.skip(probe.reason);
  await registerNode({ fetch: false });
  await prepareKernels({ threads: 2 });
  const { failures, tokens } = await checkExactness(cases);
  expect(failures).toEqual([]);
  expect(tokens).toBeGreaterThan(cases);
});
