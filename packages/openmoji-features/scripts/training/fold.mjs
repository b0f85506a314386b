import { namedParams } from "@nuwa/tensor3d";
import * as tf from "@tensorflow/tfjs-core";

/**
 * The network's weights with each batch normalization multiplied into the convolution before it:
 * `(w x + b) factor + shift` is a convolution again.
 *
 * @param classifier its batch normalizations by running statistics
 * @returns tensors by the names of the network, which the caller disposes
 */
export function foldedWeights({ network, convs, norms }) {
  return tf.tidy(() => {
    const folded = new Map();
    convs.forEach((conv, index) => {
      const { weight, bias } = conv.params;
      const { factor, shift } = norms[index].line();
      folded.set(weight, tf.mul(weight, factor)); // [k, k, in, out]
      folded.set(bias, tf.add(tf.mul(bias, factor), shift));
    });
    const entries = Object.entries(namedParams(network));
    return Object.fromEntries(entries.map(([name, param]) => [name, folded.get(param) ?? tf.clone(param)]));
  });
}
