import * as tf from "@tensorflow/tfjs-core";
import { type AttentionBlocks, MASKED } from "./blocks.ts";

interface Forward {
  readonly blocks: AttentionBlocks;
  readonly scale: number;
  /** `[heads, offsets]`. */
  readonly biasValues?: tf.Tensor;
  readonly offsetOf?: Int32Array;
}

interface Backward {
  readonly blocks: AttentionBlocks;
  readonly scale: number;
  readonly keyShape: number[];
  readonly offsetOf?: Int32Array;
  readonly offsets?: number;
}

/**
 * Attention by blocks: two batched products around one masked softmax.
 *
 * @param q `[b, heads, n, headDim]`
 * @param k `[b, heads, m, headDim]`; `v` as `k`
 * @returns `y` like `q`, and what `blockGradients` needs besides it
 */
export function blockAttention(
  q: tf.Tensor,
  k: tf.Tensor,
  v: tf.Tensor,
  { blocks, scale, biasValues, offsetOf }: Forward,
): { y: tf.Tensor; saved: tf.Tensor[] } {
  const { mask, width } = blocks;
  const [batch, heads, n, headDim] = q.shape;
  const queries = tf.reshape(tf.mul(q, scale), [-1, blocks.size, headDim]); // [b * heads * count, size, headDim]
  const keys = gatherBlocks(k, blocks); // [b * heads * count, width, headDim]
  const values = gatherBlocks(v, blocks);
  const products = tf.matMul(queries, keys, false, true);
  let scores = tf.reshape(products, [batch, heads, n, width]);
  if (biasValues && offsetOf) scores = tf.add(scores, pairBias(biasValues, offsetOf, blocks, n));
  else if (mask) scores = tf.add(scores, tf.tensor2d(mask, [n, width]));
  const weights = tf.reshape(tf.softmax(scores), products.shape);
  const y = tf.reshape(tf.matMul(weights, values), q.shape); // [b, heads, n, headDim]
  return { y, saved: [queries, keys, values, weights] };
}

/** Gradients for q, k, v and, with a bias, its values; `saved` ends with `y`. */
export function blockGradients(
  dy: tf.Tensor,
  saved: tf.Tensor[],
  { blocks, scale, keyShape, offsetOf, offsets }: Backward,
): tf.Tensor[] {
  const [queries, keys, values, weights, y] = saved;
  const dBlocks = tf.reshape(dy, queries.shape);
  const dValues = tf.matMul(weights, dBlocks, true, false); // [b * heads * count, width, headDim]
  // The softmax's inner sum over the keys equals dy . y: a sum over headDim instead.
  const inner = tf.reshape(tf.sum(tf.mul(dy, y), -1), [queries.shape[0], blocks.size, 1]);
  const dScores = tf.mul(weights, tf.sub(tf.matMul(dBlocks, values, false, true), inner));
  const dQueries = tf.mul(tf.matMul(dScores, keys), scale);
  const dKeys = tf.matMul(dScores, queries, true, false); // the scale is in the queries
  const gradients = [
    tf.reshape(dQueries, dy.shape),
    scatterBlocks(dKeys, keyShape, blocks),
    scatterBlocks(dValues, keyShape, blocks),
  ];
  if (offsetOf && offsets !== undefined) {
    const [batch, heads, n] = dy.shape;
    const perPair = tf.reshape(dScores, [batch, heads, n * blocks.width]);
    gradients.push(biasGradient(perPair, offsetOf, offsets, blocks));
  }
  return gradients;
}

/** `[b, heads, m, headDim]` -> `[b * heads * count, width, headDim]`: every block's own copy of its keys. */
function gatherBlocks(x: tf.Tensor, { keys, width }: AttentionBlocks): tf.Tensor {
  const headDim = x.shape[3]!;
  if (!keys) return tf.reshape(x, [-1, width, headDim]);
  return tf.reshape(tf.gather(x, tf.tensor1d(keys, "int32"), 2), [-1, width, headDim]);
}

/** The transpose of `gatherBlocks`, as a gather too: each key collects its copies. */
function scatterBlocks(
  dx: tf.Tensor,
  shape: number[],
  { keys, places, fan, count, width }: AttentionBlocks,
): tf.Tensor {
  if (!keys) return tf.reshape(dx, shape);
  const [batch, heads, m, headDim] = shape;
  const flat = tf.reshape(dx, [batch, heads, count * width, headDim]);
  const copies = tf.gather(flat, tf.tensor1d(places, "int32"), 2); // [b, heads, m * fan, headDim]
  return tf.reshape(tf.sum(tf.reshape(copies, [batch * heads * m, fan, headDim]), 1), shape);
}

/** `[heads, n, width]`: every pair's bias, MASKED where it is not attended. */
function pairBias(values: tf.Tensor, offsetOf: Int32Array, blocks: AttentionBlocks, n: number): tf.Tensor {
  const [heads, offsets] = values.shape;
  const padded = tf.concat([values, tf.fill([heads, 1], MASKED)], 1); // [heads, offsets + 1]
  const columns = tf.tensor1d(biasColumns(offsetOf, blocks, offsets), "int32");
  return tf.reshape(tf.gather(padded, columns, 1), [heads, n, blocks.width]);
}

/** `[b, heads, n * width]` -> `[heads, offsets]`. */
function biasGradient(
  perPair: tf.Tensor,
  offsetOf: Int32Array,
  offsets: number,
  blocks: AttentionBlocks,
): tf.Tensor {
  const heads = perPair.shape[1]!;
  const pairs = tf.transpose(tf.sum(perPair, 0)); // [n * width, heads]
  const columns = tf.tensor1d(biasColumns(offsetOf, blocks, offsets), "int32");
  const sums = tf.unsortedSegmentSum(pairs as tf.Tensor2D, columns, offsets + 1); // [offsets + 1, heads]
  return tf.transpose(tf.slice(sums, [0, 0], [offsets, heads])); // [heads, offsets]
}

/** The column of the padded bias for each pair of the blocks; the last one where it is masked. */
function biasColumns(offsetOf: Int32Array, { entries }: AttentionBlocks, offsets: number): Int32Array {
  return entries.map((entry) => offsetOf[entry] ?? offsets);
}
