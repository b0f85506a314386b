import { NuwaError } from "@nuwa/tensor3d";
import * as tf from "@tensorflow/tfjs-core";
import { replaceAvgPoolGradient } from "../repair/avg-pool.ts";
import { replaceReductions } from "../repair/reductions.ts";
import type { SelectedBackend } from "../status.ts";
import { replaceCast } from "./cast.ts";
import { replaceConvBackprop } from "./conv-backprop.ts";
import { replaceDepthwiseBackprop } from "./depthwise-backprop.ts";
import { replaceGather } from "./gather.ts";
import { replaceMatMul } from "./matmul.ts";
import { addNorms } from "./norms.ts";
import { replaceOneHot } from "./one-hot.ts";
import { probeWasm } from "./probe.ts";
import { replaceSegmentSum } from "./segment-sum.ts";

export interface WasmOptions {
  /**
   * Where the `.wasm` files of `@tensorflow/tfjs-backend-wasm` lie: a folder's URL (a path in Node) ending in `/`,
   * or the URL of each file by its name. Node finds them in the package; a browser needs this unless they lie
   * beside its script. Read once: it cannot be changed after the backend was first asked for.
   */
  readonly wasmPaths?: string | Readonly<Record<string, string>>;
}

/**
 * Loads tfjs's wasm backend, adds what it lacks for training, and selects it.
 *
 * @throws NuwaError `BACKEND` when the engine has no WebAssembly or the files are not found
 */
export async function registerWasm(options: WasmOptions = {}): Promise<SelectedBackend> {
  const probe = await probeWasm();
  if (!probe.available) {
    throw new NuwaError("BACKEND", `wasm backend: ${probe.reason}. ${probe.fix}`);
  }
  const wasm = await import("@tensorflow/tfjs-backend-wasm");
  try {
    // `tf.findBackend` would begin to load it, and `tf.setBackend` load it again.
    const loaded = "wasm" in tf.engine().registry;
    if (options.wasmPaths !== undefined && !loaded) wasm.setWasmPaths(options.wasmPaths);
    if (!(await tf.setBackend("wasm")))
      throw new Error("tfjs could not initialise it (its warning says why)");
  } catch (cause) {
    throw new NuwaError(
      "BACKEND",
      `wasm backend: the .wasm files did not load: ${messageOf(cause)}. ` +
        "Serve the three files of @tensorflow/tfjs-backend-wasm/dist and name their folder in wasmPaths, in a " +
        "fresh program: tfjs reads it once.",
      { cause },
    );
  }
  replaceMatMul();
  replaceConvBackprop();
  replaceDepthwiseBackprop();
  replaceSegmentSum();
  replaceGather();
  replaceOneHot();
  replaceCast();
  replaceReductions("wasm");
  replaceAvgPoolGradient("wasm");
  addNorms();
  const threads = wasm.getThreadsCount();
  return {
    name: "wasm",
    device: "CPU",
    detail: `tfjs-backend-wasm ${wasm.version_wasm}, ${probe.detail}, ${threads} thread${threads === 1 ? "" : "s"}`,
  };
}

function messageOf(cause: unknown): string {
  if (cause instanceof Error) return cause.message;
  const message = (cause as { message?: unknown } | null)?.message;
  return typeof message === "string" ? message : String(cause);
}
