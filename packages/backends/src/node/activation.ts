import { NuwaError } from "@nuwa/tensor3d";
import * as tf from "@tensorflow/tfjs-core";

/** The activation that tfjs asks a fused kernel for, as an op of its own. */
export function applyActivation(
  input: tf.Tensor,
  activation?: string,
  weights?: tf.Tensor,
  alpha?: number,
): tf.Tensor {
  switch (activation) {
    case undefined:
    case null:
    case "linear":
      return input;
    case "relu":
      return tf.relu(input);
    case "relu6":
      return tf.relu6(input);
    case "elu":
      return tf.elu(input);
    case "sigmoid":
      return tf.sigmoid(input);
    case "leakyrelu":
      return tf.leakyRelu(input, alpha);
    case "prelu":
      return tf.prelu(input, weights!);
    default:
      throw new NuwaError(
        "BACKEND",
        `node backend: no fused activation "${activation}". Apply it as its own op.`,
      );
  }
}
