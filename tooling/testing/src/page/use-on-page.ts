/// <reference types="vite/client" />
import plain from "@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm.wasm?url";
import simd from "@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-simd.wasm?url";
import threaded from "@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-threaded-simd.wasm?url";
import * as tf from "@tensorflow/tfjs-core";

/** The backends that run in browsers. */
export type PageBackend = "wasm" | "webgpu";

const options = {
  wasmPaths: {
    "tfjs-backend-wasm.wasm": plain,
    "tfjs-backend-wasm-simd.wasm": simd,
    "tfjs-backend-wasm-threaded-simd.wasm": threaded,
  },
  allowSoftware: true,
} as const;

/**
 * Selects a backend on a page or in its worker: wasm from the files of the bundle, WebGPU on a software adapter too, and
 * all of it there, small tensors included.
 *
 * @param useBackend that of `@nuwa/backends`: an argument, since the tests of that package are among the callers
 */
export async function useOnPage<Selected>(
  useBackend: (name: PageBackend, given: typeof options) => Promise<Selected>,
  name: PageBackend,
): Promise<Selected> {
  const selected = await useBackend(name, options);
  if (name === "webgpu") tf.env().set("WEBGPU_CPU_FORWARD", false);
  return selected;
}
