import { NuwaError } from "@nuwa/tensor3d";
import * as tf from "@tensorflow/tfjs-core";
import type { AnyOptions, BackendName, BackendOptions } from "./options.ts";
import { fallbacks, portable, realWebgpu } from "./portable.ts";
import { selectFirst, unknownBackend } from "./select.ts";
import type { SelectedBackend } from "./status.ts";

export { type CompiledStep, compile, type StepRecord } from "./compile/compile.ts";
export type { CompileOptions, Mode } from "./compile/options.ts";
export type { ProgramSummary } from "./compile/program.ts";
export type { FetchProgress } from "./node/options.ts";
export type { BackendName, BackendOptions } from "./options.ts";
export type { BackendProbe, SelectedBackend } from "./status.ts";

/**
 * Registers a tfjs backend and makes it the current one. `auto` takes WebGPU on a real GPU, else
 * WebAssembly, else plain JavaScript.
 *
 * @param options those of the backend; the node backend's change nothing in a browser
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
      return selectFirst([realWebgpu, ...fallbacks(options)]);
    case "webgpu":
    case "wasm":
    case "cpu":
      return portable[name](options);
    case "node":
      throw new NuwaError("BACKEND", "useBackend: the node backend needs Node.", {
        hint: 'Use "auto" in browsers.',
      });
    default:
      return unknownBackend(name, ["auto", "webgpu", "wasm", "cpu"]);
  }
}
