import { NuwaError } from "@nuwa/tensor3d";
import * as tf from "@tensorflow/tfjs-core";
import type { SelectedBackend } from "../status.ts";
import { otherWays } from "./download.ts";
import { fetchLibrary } from "./fetch-library.ts";
import { findLibrary } from "./find-library.ts";
import { BACKEND_NAME } from "./kernel.ts";
import type { NodeBackend } from "./node-backend.ts";
import type { NodeOptions } from "./options.ts";
import { registeredBackend, registerLibrary } from "./register.ts";
import { releaseFor } from "./release.ts";

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
        hint: releaseFor()
          ? 'Call useBackend("node") without fetch: false once, or set NUWA_LIBTENSORFLOW to a folder that holds it.'
          : otherWays(undefined),
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
