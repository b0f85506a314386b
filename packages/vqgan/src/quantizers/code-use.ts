import * as tf from "@tensorflow/tfjs-core";
import { flat } from "./codes.ts";
import type { CodeUse } from "./quantizer.ts";

/** Where a quantizer says nothing else: share of a running count that a step keeps. */
export const USE_DECAY = 0.98;
/** Where a quantizer says nothing else: the running count, in latents a batch, below which a code is dead. */
const DEAD_BELOW = 0.03;
/** Largest number of entries of the one-hot digits of codes that are held at once. */
const CHUNK_ENTRIES = 1 << 22;

/**
 * How often each code occurs. A code is written as two digits of about √codeCount levels, and the product of
 * their one-hot matrices counts the pairs: exact, at hand on every backend, and nothing of size n · codeCount.
 *
 * @param codes int32 `[n]`
 * @returns float32 `[codeCount]`
 */
export function codeCounts(
  codes: tf.Tensor1D,
  codeCount: number,
  chunkEntries: number = CHUNK_ENTRIES,
): tf.Tensor1D {
  const columns = Math.ceil(Math.sqrt(codeCount));
  const rows = Math.max(2, Math.ceil(codeCount / columns)); // oneHot wants a depth of 2 at least
  const [total] = codes.shape;
  const step = Math.max(1, Math.floor(chunkEntries / (rows + columns)));
  return tf.tidy(() => {
    let counts: tf.Tensor2D = tf.zeros([rows, columns]);
    for (let start = 0; start < total; start += step) {
      const part = tf.slice(codes, [start], [Math.min(step, total - start)]);
      const row = tf.floorDiv(part, tf.scalar(columns, "int32"));
      const column = tf.sub(part, tf.mul(row, tf.scalar(columns, "int32")));
      const ofRow = tf.oneHot(row, rows, 1, 0, "float32") as tf.Tensor2D;
      const ofColumn = tf.oneHot(column, columns, 1, 0, "float32") as tf.Tensor2D;
      counts = tf.add(counts, tf.matMul(ofRow, ofColumn, true)); // [rows, columns]
    }
    return tf.slice(tf.reshape(counts, [rows * columns]) as tf.Tensor1D, [0], [codeCount]);
  });
}

/** `γN + (1−γ)n`: running counts after a batch. */
export function nextCounts(running: tf.Tensor, codes: tf.Tensor, decay: number = USE_DECAY): tf.Tensor1D {
  return tf.tidy(() => {
    const batch = codeCounts(flat(codes), running.shape[0]!);
    return tf.add(tf.mul(running, decay), tf.mul(batch, 1 - decay)) as tf.Tensor1D;
  });
}

/**
 * See `CodeUse`.
 *
 * @param codes int32 `[...]`, not yet part of the running counts
 * @param running `[codeCount]`
 */
export function codeUse(
  codes: tf.Tensor,
  running: tf.Tensor,
  { decay = USE_DECAY, deadBelow = 0 }: { decay?: number; deadBelow?: number } = {},
): CodeUse {
  return tf.tidy(() => {
    const counts = codeCounts(flat(codes), running.shape[0]!);
    const shares = tf.div(counts, codes.size);
    const entropy = tf.neg(tf.sum(tf.mul(shares, tf.log(tf.maximum(shares, 1e-12)))));
    const used = tf.cast(tf.greater(counts, 0), "float32");
    const next = tf.add(tf.mul(running, decay), tf.mul(counts, 1 - decay));
    const dead = tf.cast(tf.less(next, deadBelow || DEAD_BELOW), "float32");
    return {
      perplexity: tf.exp(entropy) as tf.Scalar,
      usage: tf.mean(used) as tf.Scalar,
      dead: tf.sum(dead) as tf.Scalar,
    };
  });
}
