import * as tf from "@tensorflow/tfjs-core";

/**
 * The sum over the first axes, as a row of ones times a matrix: tfjs's wasm kernel transposes its input first, by one
 * number at a time, which costs as much as the whole product of a bias's layer. Undefined where it does not apply.
 */
export function leadingSum(x: tf.Tensor, axes: readonly number[], keepDims: boolean): tf.Tensor | undefined {
  const leading = axes.length < x.rank && axes.every((axis, place) => axis === place);
  if (!leading || axes.length === 0 || x.dtype !== "float32") return undefined;
  const kept = x.shape.slice(axes.length);
  const matrix = tf.reshape(x, [-1, tf.util.sizeFromShape(kept)]) as tf.Tensor2D;
  const sums = tf.matMul(tf.ones([1, matrix.shape[0]]), matrix);
  return tf.reshape(sums, keepDims ? [...axes.map(() => 1), ...kept] : kept);
}
