import { existsSync } from "node:fs";
import * as tf from "@tensorflow/tfjs-core";
import type { AnyOptions, BackendName, BackendOptions } from "./options.ts";
import { fallbacks, portable, realWebgpu } from "./portable.ts";
import { selectFirst, unknownBackend } from "./select.ts";
import type { SelectedBackend } from "./status.ts";

/**
 * Registers a tfjs backend and makes it the current one.
 *
 * `auto` takes a real GPU (libtensorflow with CUDA, or WebGPU; software adapters do not count), else
 * libtensorflow on the CPU, fetched once where it is missing unless `fetch` is false, else WebAssembly,
 * else plain JavaScript.
 *
 * @param options those of the backend: `threads`, `fetch`, `onProgress`, `signal` of node, `wasmPaths` of wasm,
 *   `allowSoftware` of webgpu; `auto` takes those of node and wasm
 * @returns the backend's name here, the device, and in `detail` its version and what `auto` passed over
 * @throws NuwaError `BACKEND` with the reason and a hint when the backend does not work here
 */
export async function useBackend<Name extends BackendName = "auto">(
  name: Name = "auto" as Name,
  options?: BackendOptions<Name>,
): Promise<SelectedBackend> {
  const selected = await select(name, options ?? {});
  await tf.ready();
  return selected;
}

async function select(name: BackendName, options: AnyOptions): Promise<SelectedBackend> {
  switch (name) {
    case "auto":
      return selectFirst([
        { name: "node", select: () => cuda(options) },
        realWebgpu,
        { name: "node", select: () => node(options) },
        ...fallbacks(options),
      ]);
    case "node":
      return node(options);
    case "webgpu":
    case "wasm":
    case "cpu":
      return portable[name](options);
    default:
      return unknownBackend(name, ["auto", "node", "webgpu", "wasm", "cpu"]);
  }
}

async function node({ threads, fetch, onProgress, signal }: AnyOptions): Promise<SelectedBackend> {
  const { registerNode } = await import("./node/register-node.ts");
  return registerNode({ threads, fetch, onProgress, signal });
}

/** A CUDA build that is already here, on a machine with a driver for it. */
async function cuda(options: AnyOptions): Promise<SelectedBackend | undefined> {
  if (!existsSync("/dev/nvidiactl") && !existsSync("/dev/dxg")) return undefined;
  const { findLibrary } = await import("./node/find-library.ts");
  if (!(await findLibrary())) return undefined;
  const { loadNodeBackend } = await import("./node/register-node.ts");
  const backend = await loadNodeBackend(options);
  return backend.isUsingGpuDevice ? node(options) : undefined;
}
