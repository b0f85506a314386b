import type { Rng } from "@nuwa/tensor3d";
import type * as tf from "@tensorflow/tfjs-core";

export interface Quantized {
  /** int32 `[...]`. */
  readonly codes: tf.Tensor;
  /** `[..., dim]`; the gradient passes the rounding as if it were not there. */
  readonly quantized: tf.Tensor;
  /** The quantizer's weighted terms of the loss, a scalar. */
  readonly loss: tf.Scalar;
}

/** How many of the codes a batch uses, without reading anything back. */
export interface CodeUse {
  /** exp of the entropy of the batch's codes: 1 to codeCount. */
  readonly perplexity: tf.Scalar;
  /** Share of all codes that the batch uses: 0 to 1. */
  readonly usage: tf.Scalar;
  /**
   * How many codes are out of use: their running count of latents a batch, this batch included, is below the
   * quantizer's `deadBelow`, or below 0.03 where it has none or 0. Where dead codes restart, `update` with the
   * same batch restarts these.
   */
  readonly dead: tf.Scalar;
}

/** Turns latents into codes and back. Variants implement this; none inherits from another. */
export interface Quantizer {
  readonly name: string;
  readonly codeCount: number;
  /** Width of the latents on both sides. Codes of another width are the quantizer's own matter. */
  readonly dim: number;
  /** Whether there are codes to fit to latents; false where all codes are fixed beforehand. */
  readonly hasCodebook: boolean;
  /** `[..., dim]` -> int32 `[...]`. */
  codesOf(latents: tf.Tensor): tf.Tensor;
  /** int32 `[...]` -> `[..., dim]`. */
  latentsOf(codes: tf.Tensor): tf.Tensor;
  /** Both at once, differentiable. */
  quantize(latents: tf.Tensor): Quantized;
  /** `[..., dim]` -> `[..., dim]`: what `quantize` would give if nothing were rounded, differentiable. */
  continuous(latents: tf.Tensor): tf.Tensor;
  /** Fits fresh codes to latents `[n, dim]`, n at least codeCount. Does nothing without a codebook. */
  initialise(latents: tf.Tensor2D, rng: Rng): Promise<void>;
  /** What a training step changes beside the gradients; `codes` are those of `latents` `[..., dim]`. */
  update(latents: tf.Tensor, codes: tf.Tensor, rng: Rng): void;
  /** Of the batch that `update` has not seen yet. */
  codeUse(codes: tf.Tensor): CodeUse;
  dispose(): void;
}
