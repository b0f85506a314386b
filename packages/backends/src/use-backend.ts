import { NuwaError } from "@nuwa/tensor3d";
import type { SelectedBackend } from "./status.ts";

export type BackendName = "auto" | "node" | "webgpu" | "wasm" | "cpu";

export interface BackendOptions {
  /** Threads of the node backend. Default: the cores that this process may use. */
  readonly threads?: number;
}

/** Registers and selects a tfjs backend. */
export async function useBackend(name: BackendName, options: BackendOptions = {}): Promise<SelectedBackend> {
  if (name === "node" || name === "auto") {
    const { registerNode } = await import("./node/register-node.ts");
    return registerNode(options);
  }
  throw new NuwaError("BACKEND", `useBackend: unknown backend "${name}".`);
}
