import { assertShape, type Grid, NuwaError, tokenCount } from "@nuwa/tensor3d";
import type * as tf from "@tensorflow/tfjs-core";
import { type AttentionBias, attendTable, type TableOptions } from "./attend-table.ts";
import { attentionBlocks, fillsBlocks } from "./blocks.ts";
import { neighbourTable } from "./neighbour-table.ts";
import type { AttentionPattern } from "./pattern.ts";

export interface AttendOptions {
  readonly pattern: AttentionPattern;
  readonly queryGrid: Grid;
  /** Default: the query's own grid. */
  readonly keyGrid?: Grid;
  /** Drops the keys whose raster index is above the query's own. Needs equal grids. */
  readonly causal?: boolean;
  /** Factor on the scores. Default `1 / sqrt(headDim)`. */
  readonly scale?: number;
  readonly bias?: AttentionBias;
}

/**
 * Attention under a pattern: `softmax(scale * q k^T + bias) v` over each query's keys.
 *
 * Synchronous, and differentiable to first order in query, key, value and `bias.values`.
 *
 * @param query `[batch, heads, tokenCount(queryGrid), headDim]`
 * @param key `[batch, heads, tokenCount(keyGrid), headDim]`
 * @param value as `key`
 * @returns `[batch, heads, tokenCount(queryGrid), headDim]`
 * @throws NuwaError `SHAPE` when tensors and grids disagree; `CONFIG` as `neighbourTable` does
 */
export function attend(
  query: tf.Tensor4D,
  key: tf.Tensor4D,
  value: tf.Tensor4D,
  options: AttendOptions,
): tf.Tensor4D {
  const { scale } = checkAttend(query, key, value, options);
  const heads = query.shape[1];
  return attendTable(query, key, value, tableOptions(options, heads, scale)) as tf.Tensor4D;
}

export interface AttendSequenceOptions extends AttendOptions {
  readonly heads: number;
}

/**
 * `attend` for sequences whose heads lie side by side, as linear layers give them: nothing is transposed where the
 * backend has a fused kernel.
 *
 * @param query `[batch, tokenCount(queryGrid), heads * headDim]`
 * @param key `[batch, tokenCount(keyGrid), heads * headDim]`
 * @param value as `key`
 * @returns as `query`
 * @throws NuwaError as `attend`
 */
export function attendSequence(
  query: tf.Tensor3D,
  key: tf.Tensor3D,
  value: tf.Tensor3D,
  { heads, ...options }: AttendSequenceOptions,
): tf.Tensor3D {
  const { scale } = checkSequence(query, key, value, { heads, ...options });
  return attendTable(query, key, value, tableOptions(options, heads, scale)) as tf.Tensor3D;
}

function tableOptions(options: AttendOptions, heads: number, scale: number): TableOptions {
  const { pattern, bias } = options;
  const plan = {
    filled: () => fillsBlocks(pattern, options),
    blocks: () => attentionBlocks(pattern, options),
  };
  return { table: neighbourTable(pattern, options), heads, scale, bias, plan };
}

/** The checks and defaults that `attend` and `attendDense` share. */
export function checkAttend(
  query: tf.Tensor4D,
  key: tf.Tensor4D,
  value: tf.Tensor4D,
  options: AttendOptions,
): { queryCount: number; keyCount: number; scale: number } {
  const { queryGrid, keyGrid = queryGrid } = options;
  const [batch, heads, , headDim] = query.shape;
  const queryCount = tokenCount(queryGrid);
  const keyCount = tokenCount(keyGrid);
  assertShape("attend query", query, ["batch", "heads", queryCount, "headDim"]);
  assertShape("attend key", key, [batch, heads, keyCount, headDim]);
  assertShape("attend value", value, [batch, heads, keyCount, headDim]);
  checkBias(options, heads);
  return { queryCount, keyCount, scale: options.scale ?? headDim ** -0.5 };
}

function checkSequence(
  query: tf.Tensor,
  key: tf.Tensor,
  value: tf.Tensor,
  options: AttendSequenceOptions,
): { scale: number } {
  const { queryGrid, keyGrid = queryGrid, heads } = options;
  const [batch, , features] = query.shape;
  assertShape("attendSequence query", query, ["batch", tokenCount(queryGrid), "features"]);
  assertShape("attendSequence key", key, [batch, tokenCount(keyGrid), features]);
  assertShape("attendSequence value", value, [batch, tokenCount(keyGrid), features]);
  const headDim = features / heads;
  if (!Number.isInteger(headDim) || headDim < 1) {
    throw new NuwaError(
      "SHAPE",
      `attendSequence: heads must divide the ${features} features, got ${heads} heads.`,
    );
  }
  checkBias(options, heads);
  return { scale: options.scale ?? headDim ** -0.5 };
}

function checkBias(options: AttendOptions, heads: number): void {
  const { bias } = options;
  if (bias) {
    assertShape("attend bias.values", bias.values, [heads, "offsets"]);
    const pairs = neighbourTable(options.pattern, options).keys.length;
    if (bias.offsetOf.length !== pairs) {
      throw new NuwaError(
        "SHAPE",
        `attend: bias.offsetOf needs one entry per pair of the neighbour table, ${pairs}, got ${bias.offsetOf.length}. Build it for the same pattern and grids.`,
      );
    }
  }
}
