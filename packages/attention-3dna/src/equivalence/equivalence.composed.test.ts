import { useCpu } from "@nuwa/testing";
import * as tf from "@tensorflow/tfjs-core";
import { expect, test } from "vitest";
import { ATTENTION } from "../kernels/kernel.ts";
import { CASES } from "./cases.ts";
import { decodeFailures } from "./decode-suite.ts";
import { equivalenceFailures, largeScoresFailures } from "./suite.ts";

test(`${CASES} random cases on a backend without fused kernels agree with double precision`, async () => {
  await useCpu();
  tf.copyRegisteredKernels("cpu", "elsewhere"); // cpu's own ops under a name that nobody has kernels for
  tf.registerBackend("elsewhere", () => tf.engine().registryFactory.cpu.factory());
  await tf.setBackend("elsewhere");
  expect(await equivalenceFailures({ cases: CASES })).toEqual([]);
  expect(await largeScoresFailures()).toEqual([]);
  expect(await decodeFailures(Math.ceil(CASES / 4))).toEqual([]);
  expect(tf.getKernel(ATTENTION, "elsewhere")).toBeUndefined();
});
