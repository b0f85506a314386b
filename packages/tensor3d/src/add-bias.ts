import * as tf from "@tensorflow/tfjs-core";

/**
 * `x + bias` over the last axis. tfjs's own gradient of add would keep `x` alive until the backward pass
 * only to know its shape; this one keeps nothing.
 */
export function addBias<T extends tf.Tensor>(x: T, bias: tf.Tensor): T {
  const channels = bias.shape[0];
  const run = tf.customGrad((...inputs) => {
    const [y, offset] = inputs as tf.Tensor[];
    return {
      value: tf.add(y, offset),
      gradFunc: (dy: tf.Tensor) => [dy, tf.sum(tf.reshape(dy, [-1, channels]), 0)],
    };
  });
  return run(x, bias) as T;
}
