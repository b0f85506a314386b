import { isRequired } from "@nuwa/testing";
import * as tf from "@tensorflow/tfjs-core";
import { test } from "vitest";
import { closeWebgpu, probeWebgpu, registerWebgpu } from "../webgpu/index.ts";
import { checkBackend } from "./check-backend.ts";

test("webgpu through Dawn computes what PyTorch computes", { timeout: 300_000 }, async (context) => {
  const probe = await probeWebgpu({ allowSoftware: true });
  if (!probe.available && !isRequired("webgpu")) context.skip(probe.reason);
  await registerWebgpu({ allowSoftware: true });
  tf.env().set("WEBGPU_CPU_FORWARD", false); // or small inputs run on the CPU and hide what the shaders do
  await checkBackend("webgpu");
  await closeWebgpu();
});
