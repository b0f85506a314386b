import { NuwaError } from "@nuwa/tensor3d";
import * as tf from "@tensorflow/tfjs-core";
import { fallbacks, portable, realWebgpu } from "./portable.ts";
import { selectFirst, unknownBackend } from "./select.ts";
import type { SelectedBackend } from "./status.ts";

export type { BackendProbe, SelectedBackend } from "./status.ts";

export type BackendName = "auto" | "node" | "webgpu" | "wasm" | "cpu";

/** There are none in a browser; the node backend's are accepted, so that a program's code runs in both. */
export type BackendOptions = object;

/**
 * Registers a tfjs backend and makes it the current one. `auto` takes WebGPU on a real GPU, else
 * WebAssembly, else plain JavaScript.
 *
 * @throws NuwaError `BACKEND` with the reason and a hint when the backend does not work here
 */
export async function useBackend(
  name: BackendName = "auto",
  _options: BackendOptions = {},
): Promise<SelectedBackend> {
  const selected = await select(name);
  await tf.ready();
  return selected;
}

async function select(name: BackendName): Promise<SelectedBackend> {
  switch (name) {
    case "auto":
      return selectFirst([realWebgpu, ...fallbacks]);
    case "webgpu":
    case "wasm":
    case "cpu":
      return portable[name]();
    case "node":
      throw new NuwaError("BACKEND", "useBackend: the node backend needs Node.", {
        hint: 'Use "auto" in browsers.',
      });
    default:
      return unknownBackend(name, ["auto", "webgpu", "wasm", "cpu"]);
  }
}
