/// <reference types="vite/client" />
import plain from "@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm.wasm?url";
import simd from "@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-simd.wasm?url";
import threaded from "@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-threaded-simd.wasm?url";
import * as tf from "@tensorflow/tfjs-core";
import fixture from "../../fixtures/conformance.safetensors?url";
import type { SelectedBackend } from "../../status.ts";
import { registerWasm } from "../../wasm/index.ts";
import { probeWebgpu, registerWebgpu } from "../../webgpu/index.ts";
import { type ConformanceRow, runConformance } from "../run.ts";

export interface PageResult {
  readonly selected: SelectedBackend;
  readonly rows: readonly ConformanceRow[];
}

declare global {
  var checkConformance: (backend: "wasm" | "webgpu") => Promise<PageResult>;
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
    await probeWebgpu(); // as "auto" does first: it must not stand in the way of what follows
    const selected = await registerWebgpu({ allowSoftware: true });
    tf.env().set("WEBGPU_CPU_FORWARD", false);
    return selected;
  },
};

globalThis.checkConformance = async (backend) => {
  const selected = await register[backend]();
  const bytes = new Uint8Array(await (await fetch(fixture)).arrayBuffer());
  return { selected, rows: await runConformance(backend, bytes) };
};
