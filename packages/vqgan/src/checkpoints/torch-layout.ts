import * as tf from "@tensorflow/tfjs-core";

/**
 * The shape that PyTorch gives a network's parameter: `[out, in, kh, kw]` for the weight of a convolution
 * `[kh, kw, in, out]`, `[out, in, 1, 1]` for that of a matrix `[in, out]`, which is a 1×1 convolution there.
 */
export function torchShape(shape: readonly number[]): number[] {
  if (shape.length === 4) return [shape[3], shape[2], shape[0], shape[1]];
  if (shape.length === 2) return [shape[1], shape[0], 1, 1];
  return [...shape];
}

/** From PyTorch's layout to that of a parameter of rank `rank`. */
export function fromTorch(x: tf.Tensor, rank: number): tf.Tensor {
  if (rank === 4) return tf.transpose(x, [2, 3, 1, 0]); // [kh, kw, in, out]
  if (rank === 2) return tf.transpose(tf.reshape(x, x.shape.slice(0, 2))); // [in, out]
  return tf.clone(x);
}

/** The inverse of {@link fromTorch}. */
export function toTorch(x: tf.Tensor): tf.Tensor {
  if (x.rank === 4) return tf.transpose(x, [3, 2, 0, 1]); // [out, in, kh, kw]
  if (x.rank === 2) return tf.reshape(tf.transpose(x), torchShape(x.shape)); // [out, in, 1, 1]
  return tf.clone(x);
}
