import type * as tf from "@tensorflow/tfjs-core";
import type { NeighbourTable } from "../neighbour-table.ts";

/** Names under which the fused kernels are registered with tfjs. */
export const ATTENTION = "NuwaAttention3D";
export const ATTENTION_GRADIENT = "NuwaAttention3DGradient";

/**
 * What both kernels are told besides their tensors.
 *
 * Tensors of queries, keys and values are float32, all `[batch, heads, tokens, headDim]` or all
 * `[batch, tokens, heads * headDim]`.
 */
export interface AttentionAttributes {
  readonly table: NeighbourTable;
  readonly heads: number;
  /** Factor on the scores. */
  readonly scale: number;
  /** With a bias: the column of its values for each entry of the table. */
  readonly offsetOf?: Int32Array;
}

/** `softmax(scale q k^T + bias) v` over each query's keys. */
export interface AttentionInputs {
  readonly query: tf.TensorInfo;
  readonly key: tf.TensorInfo;
  readonly value: tf.TensorInfo;
  /** `[heads, offsets]`. */
  readonly bias?: tf.TensorInfo;
}

/** `saved` is what the backend's own forward kernel gave besides the result. */
export interface GradientInputs extends AttentionInputs {
  readonly dy: tf.TensorInfo;
  readonly saved?: tf.TensorInfo;
}

/**
 * The fused kernels of a backend. The caller owns the results.
 *
 * `forward` gives the result, shaped like the query, and what the gradient needs besides it, if anything; `gradient`
 * gives the gradients of query, key, value and, with a bias, its values.
 */
export interface FusedKernels {
  forward(
    backend: tf.KernelBackend,
    inputs: AttentionInputs,
    attributes: AttentionAttributes,
  ): tf.TensorInfo[];
  gradient(
    backend: tf.KernelBackend,
    inputs: GradientInputs,
    attributes: AttentionAttributes,
  ): tf.TensorInfo[];
}
