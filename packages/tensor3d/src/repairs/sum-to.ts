import * as tf from "@tensorflow/tfjs-core";

/** Undoes a broadcast: sums `dy` over the axes along which `shape` was repeated. */
export function sumTo(dy: tf.Tensor, shape: readonly number[]): tf.Tensor {
  const axes = tf.backend_util.getReductionAxes([...shape], dy.shape);
  return tf.reshape(axes.length > 0 ? tf.sum(dy, axes) : dy, [...shape]);
}
