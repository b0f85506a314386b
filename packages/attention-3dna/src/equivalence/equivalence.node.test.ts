import { probeNode, registerNode } from "@nuwa/backends/node";
import { isRequired } from "@nuwa/testing";
import { expect, test } from "vitest";
import { kernelThreads, prepareKernels } from "../kernels/wasm/prepare.ts";
import { CASES } from "./cases.ts";
import { decodeFailures } from "./decode-suite.ts";
import { rotaryFailures } from "./rotary.ts";
import { equivalenceFailures, largeScoresFailures } from "./suite.ts";

for (const threads of [1, 3]) {
  const name = `${CASES} random cases on node agree with double precision, ${threads} thread(s)`;
  test(name, { timeout: 600_000 }, async (context) => {
    const probe = await probeNode();
    if (!probe.available && !isRequired("node")) context.skip(probe.reason);
    await registerNode({ fetch: false });
    await prepareKernels({ threads });
    expect(kernelThreads()).toBe(threads);
    expect(await equivalenceFailures({ cases: CASES, dense: threads === 1 })).toEqual([]);
    expect(await largeScoresFailures()).toEqual([]);
    expect(await decodeFailures(Math.ceil(CASES / 4))).toEqual([]);
    expect(await rotaryFailures()).toEqual([]);
  });
}
