import * as tf from "@tensorflow/tfjs-core";
import { noGradient } from "./gather.ts";

/**
 * Comparisons and logic are constant almost everywhere. tfjs-core has no gradient for most of them, so a
 * `where` whose condition depends on a parameter could not be differentiated.
 */
export const constantGradients: readonly tf.GradConfig[] = [
  ...[tf.Greater, tf.GreaterEqual, tf.Less, tf.LessEqual, tf.Equal, tf.NotEqual],
  ...[tf.LogicalAnd, tf.LogicalOr, tf.LogicalXor],
]
  .map((kernelName) => constantGradient(kernelName, ["a", "b"]))
  .concat([tf.LogicalNot, tf.All, tf.Any].map((kernelName) => constantGradient(kernelName, ["x"])));

function constantGradient(kernelName: string, names: string[]): tf.GradConfig {
  return {
    kernelName,
    inputsToSave: names,
    gradFunc: (_dy, saved) =>
      noGradient(Object.fromEntries(names.map((name, index) => [name, saved[index]]))),
  };
}
