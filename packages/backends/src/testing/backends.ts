import { isRequired } from "@nuwa/testing";
import * as tf from "@tensorflow/tfjs-core";
import type { TestContext } from "vitest";
import { probeNode, registerNode } from "../node/index.ts";
import { probeWasm, registerWasm } from "../wasm/index.ts";
import { probeWebgpu, registerWebgpu } from "../webgpu/index.ts";

/** Selects a backend for a test, which is skipped where the backend is missing and need not be there. */
export const backends = {
  async node(context: TestContext) {
    const probe = await probeNode();
    if (!probe.available && !isRequired("node")) context.skip(probe.reason);
    await registerNode({ fetch: false });
  },
  async wasm(context: TestContext) {
    const probe = await probeWasm();
    if (!probe.available && !isRequired("wasm")) context.skip(probe.reason);
    await registerWasm();
  },
  /** Close it after the tests. */
  async webgpu(context: TestContext) {
    const probe = await probeWebgpu({ allowSoftware: true });
    if (!probe.available && !isRequired("webgpu")) context.skip(probe.reason);
    await registerWebgpu({ allowSoftware: true });
    tf.env().set("WEBGPU_CPU_FORWARD", false);
  },
};
