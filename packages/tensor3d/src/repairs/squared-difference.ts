import * as tf from "@tensorflow/tfjs-core";
import { sumTo } from "./sum-to.ts";

/** tfjs-core's gradient of squaredDifference keeps the shape of the result when an operand was broadcast. */
export const squaredDifferenceGradient: tf.GradConfig = {
  kernelName: tf.SquaredDifference,
  inputsToSave: ["a", "b"],
  gradFunc: (dy, [a, b]) => {
    const half = () => tf.mul(dy as tf.Tensor, tf.sub(a, b));
    return {
      a: () => tf.mul(sumTo(half(), a.shape), 2),
      b: () => tf.mul(sumTo(half(), b.shape), -2),
    };
  },
};
