import { checkErrors, closeWebgpu, probeWebgpu, registerWebgpu } from "@nuwa/backends/webgpu";
import { isRequired } from "@nuwa/testing";
import * as tf from "@tensorflow/tfjs-core";
import { expect, test } from "vitest";
import { ATTENTION } from "../kernels/kernel.ts";
import { CASES } from "./cases.ts";
import { decodeFailures } from "./decode-suite.ts";
import { rotaryFailures } from "./rotary.ts";
import { equivalenceFailures, largeScoresFailures } from "./suite.ts";

test(`${CASES} random cases on webgpu agree with double precision`, { timeout: 600_000 }, async (context) => {
  const probe = await probeWebgpu({ allowSoftware: true });
  if (!probe.available && !isRequired("webgpu")) context.skip(probe.reason);
  await registerWebgpu({ allowSoftware: true });
  tf.env().set("WEBGPU_CPU_FORWARD", false);
  expect(await equivalenceFailures({ cases: CASES })).toEqual([]);
  expect(await largeScoresFailures()).toEqual([]);
  expect(await decodeFailures(Math.ceil(CASES / 4))).toEqual([]);
  expect(await rotaryFailures()).toEqual([]);
  expect(tf.getKernel(ATTENTION, "webgpu")).toBeDefined();
  checkErrors();
  await closeWebgpu();
});
