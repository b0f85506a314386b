import { NuwaError } from "@nuwa/tensor3d";
import * as tf from "@tensorflow/tfjs-core";
import type { SelectedBackend } from "../status.ts";
import { type FetchProgress, fetchLibrary } from "./fetch-library.ts";
import { findLibrary } from "./find-library.ts";
import { BACKEND_NAME } from "./kernel.ts";
import type { NodeBackend } from "./node-backend.ts";
import { registeredBackend, registerLibrary } from "./register.ts";

export interface NodeOptions {
  /** Threads that compute. Default: the cores that this process may use. Fixed by the first call. */
  readonly threads?: number;
  /** Whether libtensorflow may be fetched where it is not found. Default true. */
  readonly fetch?: boolean;
  /** Told how a fetch goes on. */
  readonly onProgress?: (progress: FetchProgress) => void;
  /** Ends a fetch. */
  readonly signal?: AbortSignal;
}

/**
 * Finds libtensorflow, fetches it where it is missing, and registers the backend without selecting it.
 *
 * @throws NuwaError `BACKEND` when there is no libtensorflow and none can be fetched
 */
export async function loadNodeBackend(options: NodeOptions = {}): Promise<NodeBackend> {
  const { threads } = options;
  if (threads !== undefined && !(Number.isInteger(threads) && threads >= 1)) {
    throw new NuwaError(
      "CONFIG",
      `node backend: threads must be a whole number of at least 1, got ${threads}.`,
    );
  }
  const known = registeredBackend();
  if (known) return known.backend;
  const library = await findLibrary();
  if (library) return registerLibrary(library.folder, options);
  if (options.fetch === false) {
    throw new NuwaError(
      "BACKEND",
      "node backend: libtensorflow is not on this machine, and fetching it is turned off.",
      {
        hint: 'Call useBackend("node") without fetch: false once, or set NUWA_LIBTENSORFLOW to a folder that holds it.',
      },
    );
  }
  const fetched = await fetchLibrary({ onProgress: options.onProgress, signal: options.signal });
  return registerLibrary(fetched.folder, options);
}

/**
 * Registers and selects the backend over libtensorflow, named `tensorflow` in tfjs.
 *
 * @throws NuwaError `BACKEND` when there is no libtensorflow and none can be fetched
 */
export async function registerNode(options: NodeOptions = {}): Promise<SelectedBackend> {
  const backend = await loadNodeBackend(options);
  await tf.setBackend(BACKEND_NAME);
  return { name: "node", device: backend.device, detail: backend.detail };
}
