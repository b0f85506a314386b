import { assertShape, type Rng, randomNormal } from "@nuwa/tensor3d";
import * as tf from "@tensorflow/tfjs-core";
import { codeUse } from "./code-use.ts";
import { fitCodes, restartDead } from "./codebook-upkeep.ts";
import { assertCodes, lookUp, rowsOf } from "./codes.ts";
import type { CodebookConfig } from "./config.ts";
import { nearest } from "./nearest.ts";
import type { CodeUse, Quantized, Quantizer } from "./quantizer.ts";
import { stopGradient, straightThrough } from "./straight-through.ts";

export interface CodebookQuantizerConfig extends CodebookConfig {
  readonly codeCount: number;
  readonly dim: number;
}

/**
 * The codebook of the VQ-VAE (arXiv 1711.00937) and of NÜWA (arXiv 2111.12417), trained by gradients:
 * `‖sg[z] − B[k]‖² + β‖z − sg[B[k]]‖²` with `k = argmin_j ‖z − B_j‖`, both averaged over all elements. Codes
 * that fall out of use restart at latents of the batch. The optimizer's moments of a restarted code stay.
 *
 * Params: `codebook` `[codeCount, dim]`, trained by gradients; `counts` `[codeCount]`, running counts.
 */
export class CodebookQuantizer implements Quantizer {
  readonly name = "codebook";
  readonly hasCodebook = true;
  readonly config: CodebookQuantizerConfig;
  readonly params: { readonly codebook: tf.Variable; readonly counts: tf.Variable };

  constructor(config: CodebookQuantizerConfig, rng: Rng) {
    const { codeCount, dim } = config;
    this.config = config;
    this.params = tf.tidy(() => ({
      codebook: tf.variable(randomNormal([codeCount, dim], rng, { std: dim ** -0.5 })),
      counts: tf.variable(tf.ones([codeCount]), false),
    }));
  }

  get codeCount(): number {
    return this.config.codeCount;
  }

  get dim(): number {
    return this.config.dim;
  }

  /**
   * Nearest code of each latent (squared distance, lowest index on ties), off the gradient tape.
   *
   * @param latents `[..., dim]`
   * @returns int32 `[...]`
   */
  codesOf(latents: tf.Tensor): tf.Tensor {
    assertShape("CodebookQuantizer latents", latents, ["...", this.dim]);
    return stopGradient(latents, (x) => {
      const codes = nearest(rowsOf(x), this.params.codebook as tf.Tensor as tf.Tensor2D);
      return tf.reshape(codes, latents.shape.slice(0, -1));
    });
  }

  /** int32 `[...]` -> `[..., dim]`. */
  latentsOf(codes: tf.Tensor): tf.Tensor {
    assertCodes("CodebookQuantizer", codes);
    return tf.tidy(() => lookUp(this.params.codebook, codes));
  }

  /** Codes, quantized latents with a straight-through gradient, and both terms of the loss. */
  quantize(latents: tf.Tensor): Quantized {
    return tf.tidy(() => {
      const codes = this.codesOf(latents);
      const values = this.latentsOf(codes);
      return {
        codes,
        quantized: straightThrough(latents, values),
        loss: codebookLoss(latents, values, this.config.commitment),
      };
    });
  }

  continuous(latents: tf.Tensor): tf.Tensor {
    return tf.clone(latents);
  }

  /** Sets the codes to k-means centres. */
  async initialise(latents: tf.Tensor2D, rng: Rng): Promise<void> {
    assertShape("CodebookQuantizer initialise", latents, ["n", this.dim]);
    const { centres, counts } = await fitCodes(latents, this.codeCount, rng);
    this.params.codebook.assign(centres);
    this.params.counts.assign(counts);
    tf.dispose([centres, counts]);
  }

  /** Moves the running counts, then restarts the dead codes. */
  update(latents: tf.Tensor, codes: tf.Tensor, rng: Rng): void {
    const { decay, deadBelow } = this.config;
    tf.tidy(() => restartDead(this.params, rowsOf(latents), codes, { decay, deadBelow, rng }));
  }

  codeUse(codes: tf.Tensor): CodeUse {
    return codeUse(codes, this.params.counts, this.config);
  }

  dispose(): void {
    tf.dispose([this.params.codebook, this.params.counts]);
  }
}

/** `mean((sg[z] − b)²) + β·mean((z − sg[b])²)` of latents z and their codes b, of the same shape. */
export function codebookLoss(latents: tf.Tensor, values: tf.Tensor, commitment: number): tf.Scalar {
  return tf.tidy(() => {
    const towardsLatents = tf.mean(tf.squaredDifference(stopGradient(latents), values));
    const towardsCodes = tf.mean(tf.squaredDifference(latents, stopGradient(values)));
    return tf.add(towardsLatents, tf.mul(towardsCodes, commitment)) as tf.Scalar;
  });
}
