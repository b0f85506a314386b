import { existsSync } from "node:fs";
import * as tf from "@tensorflow/tfjs-core";
import type { NodeOptions } from "./node/register-node.ts";
import { fallbacks, portable, realWebgpu } from "./portable.ts";
import { selectFirst, unknownBackend } from "./select.ts";
import type { SelectedBackend } from "./status.ts";

export type BackendName = "auto" | "node" | "webgpu" | "wasm" | "cpu";

/** Options of the node backend; the others have none. */
export type BackendOptions = NodeOptions;

/**
 * Registers a tfjs backend and makes it the current one.
 *
 * `auto` takes a real GPU (libtensorflow with CUDA, or WebGPU; software adapters do not count), else
 * libtensorflow on the CPU, fetched once where it is missing unless `fetch` is false, else WebAssembly,
 * else plain JavaScript.
 *
 * @returns the backend's name here, the device, and in `detail` its version and what `auto` passed over
 * @throws NuwaError `BACKEND` with the reason and a hint when the backend does not work here
 */
export async function useBackend(
  name: BackendName = "auto",
  options: BackendOptions = {},
): Promise<SelectedBackend> {
  const selected = await select(name, options);
  await tf.ready();
  return selected;
}

async function select(name: BackendName, options: BackendOptions): Promise<SelectedBackend> {
  switch (name) {
    case "auto":
      return selectFirst([
        { name: "node", select: () => cuda(options) },
        realWebgpu,
        { name: "node", select: () => node(options) },
        ...fallbacks,
      ]);
    case "node":
      return node(options);
    case "webgpu":
    case "wasm":
    case "cpu":
      return portable[name]();
    default:
      return unknownBackend(name, ["auto", "node", "webgpu", "wasm", "cpu"]);
  }
}

async function node(options: BackendOptions): Promise<SelectedBackend> {
  const { registerNode } = await import("./node/register-node.ts");
  return registerNode(options);
}

/** A CUDA build that is already here, on a machine with a driver for it. */
async function cuda(options: BackendOptions): Promise<SelectedBackend | undefined> {
  if (!existsSync("/dev/nvidiactl") && !existsSync("/dev/dxg")) return undefined;
  const { findLibrary } = await import("./node/find-library.ts");
  if (!(await findLibrary())) return undefined;
  const { loadNodeBackend } = await import("./node/register-node.ts");
  const backend = await loadNodeBackend(options);
  return backend.isUsingGpuDevice ? node(options) : undefined;
}
