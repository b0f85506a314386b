import * as tf from "@tensorflow/tfjs-core";
import { tfjsGradients } from "./generated/tfjs-gradients.ts";
import { repairedGradients } from "./repairs/index.ts";

let done = false;

/**
 * Registers the gradients of tfjs's kernels, which tfjs-core alone does not do: tfjs-core's own functions,
 * and in place of those that are missing or wrong there, repaired ones composed of other ops. A kernel that
 * has a gradient already keeps it, whoever registered it. Synchronous; later calls do nothing.
 */
export function ensureGradients(): void {
  if (done) return;
  done = true;
  // The repaired ones come first, and the first registration wins.
  for (const gradient of [...repairedGradients, ...(tfjsGradients as tf.GradConfig[])]) {
    if (tf.getGradient(gradient.kernelName) === undefined) tf.registerGradient(gradient);
  }
}
