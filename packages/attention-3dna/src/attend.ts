import { assertShape, ensureGradients, type Grid, NuwaError, tokenCount } from "@nuwa/tensor3d";
import * as tf from "@tensorflow/tfjs-core";
import { blockAttention, blockGradients } from "./block-attention.ts";
import { attentionBlocks } from "./blocks.ts";
import { neighbourTable } from "./neighbour-table.ts";
import type { AttentionPattern } from "./pattern.ts";

/** A learned number for each head and relative offset, added to the scores. */
export interface AttentionBias {
  /** `[heads, offsets]`. */
  readonly values: tf.Tensor2D;
  /** The column of `values` for each entry of the neighbour table. */
  readonly offsetOf: Int32Array;
}

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
  const { bias } = options;
  const blocks = attentionBlocks(options.pattern, options);
  const offsetOf = bias?.offsetOf;
  ensureGradients();
  const run = tf.customGrad((...all) => {
    const save = all.pop() as tf.GradSaveFunc;
    const [q, k, v, biasValues] = all as tf.Tensor[];
    const { y, saved } = blockAttention(q, k, v, { blocks, scale, biasValues, offsetOf });
    save([...saved, y]);
    return {
      value: y,
      gradFunc: (dy: tf.Tensor, kept: tf.Tensor[]) => {
        const offsets = biasValues?.shape[1];
        return blockGradients(dy, kept, { blocks, scale, keyShape: k.shape, offsetOf, offsets });
      },
    };
  });
  return tf.tidy(() =>
    run(...(bias ? [query, key, value, bias.values] : [query, key, value])),
  ) as tf.Tensor4D;
}

/** The checks and defaults that `attend` and `attendDense` share. */
export function checkAttend(
  query: tf.Tensor4D,
  key: tf.Tensor4D,
  value: tf.Tensor4D,
  options: AttendOptions,
): { queryCount: number; keyCount: number; scale: number } {
  const { queryGrid, keyGrid = queryGrid, bias } = options;
  const [batch, heads, , headDim] = query.shape;
  const queryCount = tokenCount(queryGrid);
  const keyCount = tokenCount(keyGrid);
  assertShape("attend query", query, ["batch", "heads", queryCount, "headDim"]);
  assertShape("attend key", key, [batch, heads, keyCount, headDim]);
  assertShape("attend value", value, [batch, heads, keyCount, headDim]);
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
  return { queryCount, keyCount, scale: options.scale ?? headDim ** -0.5 };
}
