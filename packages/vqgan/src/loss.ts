import { assertShape } from "@nuwa/tensor3d";
import * as tf from "@tensorflow/tfjs-core";
import type { VqConfig } from "./config.ts";

/**
 * How far a reconstruction is from its picture, averaged over all elements: `l2` the squared error, `l1` the
 * absolute one, `l1+l2` the squared error plus 0.3 times the absolute one.
 *
 * @throws NuwaError `SHAPE` where the shapes differ
 */
export function reconstructionLoss(
  actual: tf.Tensor,
  expected: tf.Tensor,
  kind: VqConfig["reconstruction"],
): tf.Scalar {
  assertShape("reconstructionLoss actual", actual, expected.shape);
  return tf.tidy(() => {
    const error = tf.sub(actual, expected);
    if (kind === "l1") return tf.mean(tf.abs(error)) as tf.Scalar;
    const squared = tf.mean(tf.square(error));
    if (kind === "l2") return squared as tf.Scalar;
    return tf.add(squared, tf.mul(tf.mean(tf.abs(error)), 0.3)) as tf.Scalar;
  });
}
