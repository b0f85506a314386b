import * as tf from "@tensorflow/tfjs-core";
import { sumTo } from "./sum-to.ts";

/** tfjs-core's gradients of maximum and minimum forget broadcasts. As there, `a` gets all of a tie. */
export const maximumGradient = minMaxGradient(tf.Maximum, (a, b) => tf.greaterEqual(a, b));
export const minimumGradient = minMaxGradient(tf.Minimum, (a, b) => tf.lessEqual(a, b));

function minMaxGradient(
  kernelName: string,
  isFirst: (a: tf.Tensor, b: tf.Tensor) => tf.Tensor,
): tf.GradConfig {
  return {
    kernelName,
    inputsToSave: ["a", "b"],
    gradFunc: (dy, [a, b]) => {
      const upstream = dy as tf.Tensor;
      const first = () => tf.cast(isFirst(a, b), "float32");
      return {
        a: () => sumTo(tf.mul(upstream, first()), a.shape),
        b: () => sumTo(tf.mul(upstream, tf.sub(1, first())), b.shape),
      };
    },
  };
}
