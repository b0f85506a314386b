import type * as tf from "@tensorflow/tfjs-core";

/** Where the rows of `headDim` numbers lie in a tensor of queries, keys or values; strides count elements. */
export interface RowLayout {
  readonly batch: number;
  readonly heads: number;
  readonly tokens: number;
  readonly headDim: number;
  readonly batchStride: number;
  readonly headStride: number;
  readonly tokenStride: number;
}

/** The layout of `[batch, heads, tokens, headDim]` or `[batch, tokens, heads * headDim]`. */
export function layoutOf({ shape }: tf.TensorInfo, heads: number): RowLayout {
  if (shape.length === 3) {
    const [batch, tokens, features] = shape;
    const headDim = features / heads;
    return {
      batch,
      heads,
      tokens,
      headDim,
      batchStride: tokens * features,
      headStride: headDim,
      tokenStride: features,
    };
  }
  const [batch, , tokens, headDim] = shape;
  return {
    batch,
    heads,
    tokens,
    headDim,
    batchStride: heads * tokens * headDim,
    headStride: tokens * headDim,
    tokenStride: headDim,
  };
}
