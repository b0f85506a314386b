import { NuwaError } from "@nuwa/tensor3d";
import * as tf from "@tensorflow/tfjs-core";
import type { SelectedBackend } from "../status.ts";
import { findLibrary } from "./find-library.ts";
import { BACKEND_NAME } from "./kernel.ts";
import { registeredBackend, registerLibrary } from "./register.ts";

export interface NodeOptions {
  /** Threads that compute. Default: the cores that this process may use. */
  readonly threads?: number;
}

/**
 * Registers and selects the backend over libtensorflow.
 *
 * @throws NuwaError `BACKEND` when there is no libtensorflow and none can be fetched
 */
export async function registerNode(options: NodeOptions = {}): Promise<SelectedBackend> {
  const known = registeredBackend();
  const library = known ?? (await findLibrary());
  if (!library) throw new NuwaError("BACKEND", "node backend: libtensorflow was not found.");
  const backend = await registerLibrary(library.folder, options);
  await tf.setBackend(BACKEND_NAME);
  return { name: "node", device: backend.device, detail: backend.detail };
}
