import * as tf from "@tensorflow/tfjs-core";

/** `[batch, tokens, heads * headDim]` -> `[batch, heads, tokens, headDim]`. */
export function splitHeads(x: tf.Tensor, heads: number): tf.Tensor4D {
  const [batch, tokens, features] = x.shape;
  const split = tf.reshape(x, [batch, tokens, heads, features / heads]);
  return tf.transpose(split as tf.Tensor4D, [0, 2, 1, 3]); // [batch, heads, tokens, headDim]
}

/** `[batch, heads, tokens, headDim]` -> `[batch, tokens, heads * headDim]`. */
export function mergeHeads(x: tf.Tensor4D): tf.Tensor3D {
  const [batch, heads, tokens, headDim] = x.shape;
  return tf.reshape(tf.transpose(x, [0, 2, 1, 3]), [batch, tokens, heads * headDim]);
}
