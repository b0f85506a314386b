import { assertShape, type Rng, randomNormal } from "@nuwa/tensor3d";
import * as tf from "@tensorflow/tfjs-core";
import { codeUse } from "./code-use.ts";
import { fitCodes, freshCodes, mix, RESTART_COUNT } from "./codebook-upkeep.ts";
import { assertCodes, flat, lookUp, rowsOf } from "./codes.ts";
import type { EmaConfig } from "./config.ts";
import { codeSums, nearest } from "./nearest.ts";
import type { CodeUse, Quantized, Quantizer } from "./quantizer.ts";
import { stopGradient, straightThrough } from "./straight-through.ts";

export interface EmaQuantizerConfig extends EmaConfig {
  readonly codeCount: number;
  readonly dim: number;
}

/**
 * A codebook of running means: `N ← γN + (1−γ)n`, `M ← γM + (1−γ)Σz`, `B = M / N` with N smoothed
 * (Laplace, ε). Codes that fall out of use restart at latents of the batch.
 *
 * Params, none of them trained by gradients: `codebook` `[codeCount, dim]`, `counts` `[codeCount]`,
 * `sums` `[codeCount, dim]`.
 */
export class EmaQuantizer implements Quantizer {
  readonly name = "ema";
  readonly hasCodebook = true;
  readonly config: EmaQuantizerConfig;
  readonly params: {
    readonly codebook: tf.Variable;
    readonly counts: tf.Variable;
    readonly sums: tf.Variable;
  };

  constructor(config: EmaQuantizerConfig, rng: Rng) {
    const { codeCount, dim } = config;
    this.config = config;
    this.params = tf.tidy(() => {
      const codes = randomNormal([codeCount, dim], rng, { std: dim ** -0.5 });
      return {
        codebook: tf.variable(codes, false),
        counts: tf.variable(tf.ones([codeCount]), false),
        sums: tf.variable(codes, false),
      };
    });
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
    assertShape("EmaQuantizer latents", latents, ["...", this.dim]);
    return stopGradient(latents, (x) => {
      const codes = nearest(rowsOf(x), this.params.codebook as tf.Tensor as tf.Tensor2D);
      return tf.reshape(codes, latents.shape.slice(0, -1));
    });
  }

  /** int32 `[...]` -> `[..., dim]`. */
  latentsOf(codes: tf.Tensor): tf.Tensor {
    assertCodes("EmaQuantizer", codes);
    return tf.tidy(() => lookUp(this.params.codebook, codes));
  }

  /** Codes, quantized latents with a straight-through gradient, and `β·mean((z − sg[B])²)`. */
  quantize(latents: tf.Tensor): Quantized {
    return tf.tidy(() => {
      const codes = this.codesOf(latents);
      const values = this.latentsOf(codes);
      const distance = tf.mean(tf.squaredDifference(latents, values));
      return {
        codes,
        quantized: straightThrough(latents, values),
        loss: tf.mul(distance, this.config.commitment) as tf.Scalar,
      };
    });
  }

  continuous(latents: tf.Tensor): tf.Tensor {
    return tf.clone(latents);
  }

  /**
   * Sets the codes to k-means centres. Running counts become what a batch of `latents` of the same mix
   * would give on average, with twice as many latents as codes.
   */
  async initialise(latents: tf.Tensor2D, rng: Rng): Promise<void> {
    assertShape("EmaQuantizer initialise", latents, ["n", this.dim]);
    const { centres, counts } = await fitCodes(latents, this.codeCount, rng);
    tf.tidy(() => {
      this.params.codebook.assign(centres);
      this.params.counts.assign(counts);
      this.params.sums.assign(tf.mul(centres, tf.expandDims(counts, 1)));
    });
    tf.dispose([centres, counts]);
  }

  /** Moves the running counts, sums and codes towards the batch, then restarts the dead codes. */
  update(latents: tf.Tensor, codes: tf.Tensor, rng: Rng): void {
    const { codeCount, decay, epsilon, deadBelow } = this.config;
    tf.tidy(() => {
      const rows = rowsOf(latents);
      const batch = codeSums(rows, flat(codes), codeCount);
      const counts = tf.add(tf.mul(this.params.counts, decay), tf.mul(batch.counts, 1 - decay));
      const sums = tf.add(tf.mul(this.params.sums, decay), tf.mul(batch.sums, 1 - decay));
      const total = tf.sum(counts);
      const smoothed = tf.mul(tf.div(tf.add(counts, epsilon), tf.add(total, codeCount * epsilon)), total);
      const codebook = tf.div(sums, tf.expandDims(smoothed, 1));

      const dead = tf.cast(tf.less(counts, deadBelow), "float32") as tf.Tensor1D; // [codeCount]
      const deadRows = tf.expandDims(dead, 1);
      const fresh = freshCodes(rows, lookUp(this.params.codebook, flat(codes)), dead, rng);
      this.params.counts.assign(mix(counts, tf.scalar(RESTART_COUNT), dead));
      this.params.sums.assign(mix(sums, tf.mul(fresh, RESTART_COUNT), deadRows));
      this.params.codebook.assign(mix(codebook, fresh, deadRows));
    });
  }

  codeUse(codes: tf.Tensor): CodeUse {
    return codeUse(codes, this.params.counts, this.config);
  }

  dispose(): void {
    tf.dispose([this.params.codebook, this.params.counts, this.params.sums]);
  }
}
