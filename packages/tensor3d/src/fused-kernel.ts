import * as tf from "@tensorflow/tfjs-core";

/**
 * tfjs kernels that a backend may register, most of them to compute at once what is composed of several operations
 * elsewhere. They need no gradient; float32 throughout.
 */
export const FUSED_KERNELS = {
  /** Input `x` of any shape: `x * sigmoid(x)`. */
  silu: "NuwaSilu",
  /** Inputs `x` `[n, in]`, `weight` `[in, out]`, `bias` `[out]`: `gelu(x weight + bias)`. */
  linearGelu: "NuwaLinearGelu",
  /** Inputs `x` `[n, dim]`, `gain` and `offset` `[dim]`; attribute `epsilon`. Normalises rows. */
  layerNorm: "NuwaLayerNorm",
  /**
   * Inputs `x` `[batch, ..., channels]`, `gain` and `offset` `[channels]`; attributes `groups` and `epsilon`. Comes
   * with its gradient.
   */
  groupNorm: "NuwaGroupNorm",
  /** Inputs `x`, `dy` and `gain`; the same attributes. Returns the gradients of `x`, `gain` and `offset`. */
  groupNormGradient: "NuwaGroupNormGradient",
  /** Inputs `x` and `dy` of the same shape; attribute `alpha`: `dy`, times `alpha` where `x` is not above 0. */
  leakyReluGradient: "NuwaLeakyReluGradient",
  /**
   * Inputs `x` `[m, k]` and `y` `[k, n]`, each the other way round where `transposeX` and `transposeY` say so: their
   * product, of factors rounded to bfloat16, with float32 sums, rounded to bfloat16 and widened again. `[m, n]`.
   */
  matMulBfloat16: "NuwaMatMulBfloat16",
  /**
   * Input `x`, which it returns as it is. Where a step is compiled, what comes after is neither merged with what came
   * before nor run earlier.
   */
  boundary: "NuwaBoundary",
} as const;

/** Runs such a kernel; undefined where the selected backend has none. */
export function runFused<Result extends tf.Tensor | tf.Tensor[] = tf.Tensor>(
  kernel: keyof typeof FUSED_KERNELS,
  inputs: { readonly x: tf.Tensor } & Record<string, tf.Tensor>,
  attributes?: Readonly<Record<string, number>>,
): Result | undefined {
  const name = FUSED_KERNELS[kernel];
  if (inputs.x.size === 0 || tf.getKernel(name, tf.getBackend()) === undefined) return undefined;
  return tf.engine().runKernel(name, inputs, attributes) as Result;
}
