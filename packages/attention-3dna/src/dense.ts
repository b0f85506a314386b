import { ensureGradients } from "@nuwa/tensor3d";
import * as tf from "@tensorflow/tfjs-core";
import { type AttendOptions, checkAttend } from "./attend.ts";
import { MASKED } from "./blocks.ts";
import { attentionMask } from "./mask.ts";
import { neighbourTable } from "./neighbour-table.ts";

/**
 * The same as `attend`, by an `n x m` mask and plain ops whose gradients are tfjs's own: the slow
 * reference that faster versions are tested against.
 */
export function attendDense(
  query: tf.Tensor4D,
  key: tf.Tensor4D,
  value: tf.Tensor4D,
  options: AttendOptions,
): tf.Tensor4D {
  const { queryCount, keyCount, scale } = checkAttend(query, key, value, options);
  ensureGradients();
  return tf.tidy(() => {
    const mask = tf.tensor(attentionMask(options.pattern, options), [queryCount, keyCount], "float32");
    const scores = tf.mul(tf.matMul(query, key, false, true), scale); // [b, heads, n, m]
    const biased = options.bias ? tf.add(scores, denseBias(options, queryCount, keyCount)) : scores;
    const weights = tf.softmax(tf.add(biased, tf.mul(tf.sub(1, mask), MASKED)));
    return tf.matMul(weights, value) as tf.Tensor4D; // [b, heads, n, headDim]
  });
}

/** `[heads, n, m]`: each pair's bias, and the first column's where a pair is not attended. */
function denseBias(options: AttendOptions, queryCount: number, keyCount: number): tf.Tensor {
  const { offsets, keys } = neighbourTable(options.pattern, options);
  const { values, offsetOf } = options.bias!;
  const columns = new Int32Array(queryCount * keyCount);
  for (let query = 0; query < queryCount; query++) {
    for (let entry = offsets[query]; entry < offsets[query + 1]; entry++) {
      columns[query * keyCount + keys[entry]] = offsetOf[entry];
    }
  }
  const pairs = tf.gather(values, tf.tensor1d(columns, "int32"), 1); // [heads, n * m]
  return tf.reshape(pairs, [values.shape[0], queryCount, keyCount]);
}
