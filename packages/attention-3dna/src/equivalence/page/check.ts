/// <reference types="vite/client" />
import { registerWasm } from "@nuwa/backends/wasm";
import { registerWebgpu } from "@nuwa/backends/webgpu";
import plain from "@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm.wasm?url";
import simd from "@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-simd.wasm?url";
import threaded from "@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-threaded-simd.wasm?url";
import * as tf from "@tensorflow/tfjs-core";
import { kernelThreads, prepareKernels } from "../../kernels/wasm/prepare.ts";
import { equivalenceFailures, largeScoresFailures } from "../suite.ts";

export interface CheckRequest {
  readonly backend: "wasm" | "webgpu";
  readonly cases: number;
  /** Calls `prepareKernels` first. */
  readonly prepare: boolean;
}

export interface CheckResult {
  readonly failures: readonly string[];
  readonly threads: number;
}

const register = {
  wasm: () =>
    registerWasm({
      wasmPaths: {
        "tfjs-backend-wasm.wasm": plain,
        "tfjs-backend-wasm-simd.wasm": simd,
        "tfjs-backend-wasm-threaded-simd.wasm": threaded,
      },
    }),
  async webgpu() {
    await registerWebgpu({ allowSoftware: true });
    tf.env().set("WEBGPU_CPU_FORWARD", false);
  },
};

/** The same on a page and in a worker. */
export async function check({ backend, cases, prepare }: CheckRequest): Promise<CheckResult> {
  await register[backend]();
  if (prepare) await prepareKernels();
  const failures = [...(await equivalenceFailures({ cases })), ...(await largeScoresFailures())];
  return { failures, threads: kernelThreads() };
}
