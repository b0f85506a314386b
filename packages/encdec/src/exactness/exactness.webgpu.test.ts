import { checkErrors, closeWebgpu, probeWebgpu, registerWebgpu } from "@nuwa/backends/webgpu";
import { isRequired } from "@nuwa/testing";
import * as tf from "@tensorflow/tfjs-core";
import { expect, test } from "vitest";
import { caseCount } from "./cases.ts";
import { checkExactness } from "./suite.ts";

/** A model takes more than a second where WebGPU is computed in software, so that only CI tries as many as elsewhere. */
const cases = caseCount(process.env.CI ? 200 : 12);

test(`${cases} random models on webgpu decode in parallel as one by one`, {
  timeout: 60_000 + cases * 20_000,
}, async (context) => {
  const probe = await probeWebgpu({ allowSoftware: true });
  if (!probe.available && !isRequired("webgpu")) context.skip(probe.reason);
  await registerWebgpu({ allowSoftware: true });
  tf.env().set("WEBGPU_CPU_FORWARD", false);
  const { failures, tokens } = await checkExactness(cases, 13);
  expect(failures).toEqual([]);
  expect(tokens).toBeGreaterThan(cases);
  checkErrors();
  await closeWebgpu();
});
