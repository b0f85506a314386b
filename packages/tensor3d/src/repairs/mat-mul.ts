import * as tf from "@tensorflow/tfjs-core";
import { sumTo } from "./sum-to.ts";

/** tfjs-core's gradient of matMul forgets to sum over broadcast batch axes. */
export const batchMatMulGradient: tf.GradConfig = {
  kernelName: tf.BatchMatMul,
  inputsToSave: ["a", "b"],
  gradFunc: (dy, saved, attributes) => {
    const [a, b] = saved;
    const { transposeA, transposeB } = attributes as unknown as { transposeA: boolean; transposeB: boolean };
    const upstream = dy as tf.Tensor;
    if (b.rank === 2 && a.rank > 2 && !transposeA) return flatGradient(upstream, a, b, transposeB);
    const derA = transposeA
      ? () => tf.matMul(b, upstream, transposeB, true)
      : () => tf.matMul(upstream, b, false, !transposeB);
    const derB = transposeB
      ? () => tf.matMul(upstream, a, true, transposeA)
      : () => tf.matMul(a, upstream, !transposeA, false);
    return { a: () => sumTo(derA(), a.shape), b: () => sumTo(derB(), b.shape) };
  },
};

/** One matrix for the whole batch: the batch is more rows. */
function flatGradient(
  dy: tf.Tensor,
  a: tf.Tensor,
  b: tf.Tensor,
  transposeB: boolean,
): Record<string, () => tf.Tensor> {
  const dyRows = () => tf.reshape(dy, [-1, dy.shape[dy.rank - 1]]); // [prod(batch), columns]
  const aRows = () => tf.reshape(a, [-1, a.shape[a.rank - 1]]); // [prod(batch), inner]
  return {
    a: () => tf.reshape(tf.matMul(dyRows(), b as tf.Tensor2D, false, !transposeB), a.shape),
    b: () => (transposeB ? tf.matMul(dyRows(), aRows(), true) : tf.matMul(aRows(), dyRows(), true)),
  };
}
