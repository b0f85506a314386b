import type { Rng } from "@nuwa/tensor3d";
import type * as tf from "@tensorflow/tfjs-core";

export interface Quantized {
  /** int32 `[...]`. */
  readonly codes: tf.Tensor;
  /** `[..., dim]`; its gradient goes straight to the latents. */
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
}

/** Turns latents into codes and back. Variants implement this; none inherits from another. */
export interface Quantizer {
  readonly name: string;
  readonly codeCount: number;
  readonly dim: number;
  /** `[..., dim]` -> int32 `[...]`. */
  codesOf(latents: tf.Tensor): tf.Tensor;
  /** int32 `[...]` -> `[..., dim]`. */
  latentsOf(codes: tf.Tensor): tf.Tensor;
  /** Both at once, differentiable. */
  quantize(latents: tf.Tensor): Quantized;
  /** Fits fresh codes to latents `[n, dim]`, n at least codeCount. */
  initialise(latents: tf.Tensor2D, rng: Rng): Promise<void>;
  /** What a training step changes beside the gradients; `codes` are those of `latents` `[..., dim]`. */
  update(latents: tf.Tensor, codes: tf.Tensor, rng: Rng): void;
  codeUse(codes: tf.Tensor): CodeUse;
  dispose(): void;
}
