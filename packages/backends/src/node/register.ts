import { availableParallelism } from "node:os";
import { NuwaError } from "@nuwa/tensor3d";
import * as tf from "@tensorflow/tfjs-core";
import { bfloat16Kernels, hasBfloat16Products } from "./bfloat16.ts";
import { Binding } from "./binding.ts";
import { boundaryKernel } from "./boundary.ts";
import { convolutionKernels } from "./convolution.ts";
import { groupNormKernels } from "./group-norm.ts";
import { BACKEND_NAME } from "./kernel.ts";
import { matMulKernels } from "./matmul.ts";
import { NodeBackend } from "./node-backend.ts";
import { hasOneDnn, oneDnnKernels } from "./one-dnn.ts";
import { repairedKernels } from "./repairs.ts";

/** Registered only once, since TensorFlow's libraries cannot be unloaded. */
let registered: { readonly backend: NodeBackend; readonly folder: string } | undefined;

/**
 * Loads libtensorflow from a folder and registers it as tfjs's backend `tensorflow`, with tfjs-node's
 * kernels, ours in place of those that need repair. A second call returns the backend of the first.
 *
 * @throws NuwaError `BACKEND` when the library does not load or another package took the name
 */
export async function registerLibrary(
  folder: string,
  options: { threads?: number } = {},
): Promise<NodeBackend> {
  if (registered) return registered.backend;
  if (tf.findBackend(BACKEND_NAME) || tf.findBackendFactory(BACKEND_NAME)) {
    throw new NuwaError(
      "BACKEND",
      `node backend: another package has registered the tfjs backend "${BACKEND_NAME}".`,
      {
        hint: "Do not import @tensorflow/tfjs-node beside @nuwa/backends.",
      },
    );
  }
  const { kernelConfigs } = await import("../generated/node-kernels.js");
  const binding = new Binding(folder, { threads: options.threads ?? availableParallelism() });
  const backend = new NodeBackend(binding);
  const all = [...kernelConfigs, ...convolutionKernels, ...matMulKernels, ...repairedKernels, boundaryKernel];
  if (!backend.isUsingGpuDevice) all.push(...groupNormKernels);
  if (hasOneDnn(binding)) all.push(...oneDnnKernels);
  if (hasBfloat16Products(binding)) all.push(...bfloat16Kernels);
  // Of two for the same kernel the later one counts.
  const kernels = new Map(all.map((config) => [config.kernelName, config]));
  for (const config of kernels.values()) tf.registerKernel(config);
  tf.registerBackend(BACKEND_NAME, () => backend, 3);
  registered = { backend, folder };
  return backend;
}

/** The backend that {@link registerLibrary} registered, if it has. */
export function registeredBackend(): { readonly backend: NodeBackend; readonly folder: string } | undefined {
  return registered;
}
