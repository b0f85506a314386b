import { assertShape, type Rng, randomNormal } from "@nuwa/tensor3d";
import * as tf from "@tensorflow/tfjs-core";
import { codeUse } from "./code-use.ts";
import { codebookLoss } from "./codebook.ts";
import { fitCodes, restartDead } from "./codebook-upkeep.ts";
import { assertCodes, flat, lookUp } from "./codes.ts";
import type { CosineConfig } from "./config.ts";
import { nearest } from "./nearest.ts";
import { Projection } from "./projection.ts";
import type { CodeUse, Quantized, Quantizer } from "./quantizer.ts";
import { stopGradient, straightThrough } from "./straight-through.ts";

export interface CosineQuantizerConfig extends CosineConfig {
  readonly codeCount: number;
  readonly dim: number;
}

/**
 * The factorised, l2-normalised codes of ViT-VQGAN (arXiv 2110.04627): with `u = ℓ₂(P z)`, P a projection to
 * `codeDim`, and codes `b_j = ℓ₂(B_j)`, `k = argmax_j cos(u, b_j)`; the loss is
 * `‖sg[u] − b_k‖² + β‖u − sg[b_k]‖²` averaged over all elements, and what the decoder gets is `b_k` projected
 * back. Gradients train the codes, as in the paper: a running mean of unit vectors lies inside the sphere, and
 * it lags behind a projection that gradients move at the same time.
 *
 * Params: `codebook` `[codeCount, codeDim]`, trained by gradients and kept at length 1; `counts` `[codeCount]`,
 * running counts; `projection`, where `dim` and `codeDim` differ.
 */
export class CosineQuantizer implements Quantizer {
  readonly name = "cosine";
  readonly hasCodebook = true;
  readonly config: CosineQuantizerConfig;
  readonly params: { readonly codebook: tf.Variable; readonly counts: tf.Variable };
  readonly projection: Projection;

  constructor(config: CosineQuantizerConfig, rng: Rng) {
    const { codeCount, codeDim } = config;
    this.config = config;
    this.params = tf.tidy(() => ({
      codebook: tf.variable(unit(randomNormal([codeCount, codeDim], rng))),
      counts: tf.variable(tf.ones([codeCount]), false),
    }));
    this.projection = new Projection(config, rng.fork("projection"));
  }

  get codeCount(): number {
    return this.config.codeCount;
  }

  get dim(): number {
    return this.config.dim;
  }

  /**
   * The code at the smallest angle to each latent (lowest index on ties), off the gradient tape.
   *
   * @param latents `[..., dim]`
   * @returns int32 `[...]`
   */
  codesOf(latents: tf.Tensor): tf.Tensor {
    assertShape("CosineQuantizer latents", latents, ["...", this.dim]);
    return tf.tidy(() => tf.reshape(this.codesOfRows(this.rows(latents)), latents.shape.slice(0, -1)));
  }

  /** int32 `[...]` -> `[..., dim]`. */
  latentsOf(codes: tf.Tensor): tf.Tensor {
    assertCodes("CosineQuantizer", codes);
    return tf.tidy(() => this.projection.toLatents(this.valuesOf(flat(codes)), codes.shape));
  }

  /** Codes, quantized latents with a gradient that is straight through on the sphere, and both terms of the loss. */
  quantize(latents: tf.Tensor): Quantized {
    assertShape("CosineQuantizer latents", latents, ["...", this.dim]);
    const lead = latents.shape.slice(0, -1);
    return tf.tidy(() => {
      const rows = this.rows(latents);
      const codes = this.codesOfRows(rows);
      const values = this.valuesOf(codes);
      return {
        codes: tf.reshape(codes, lead),
        quantized: this.projection.toLatents(straightThrough(rows, values) as tf.Tensor2D, lead),
        loss: codebookLoss(rows, values, this.config.commitment),
      };
    });
  }

  /** Projected, normalised, and projected back. */
  continuous(latents: tf.Tensor): tf.Tensor {
    return tf.tidy(() => this.projection.toLatents(this.rows(latents), latents.shape.slice(0, -1)));
  }

  /** Sets the codes to k-means centres of the normalised latents, normalised. */
  async initialise(latents: tf.Tensor2D, rng: Rng): Promise<void> {
    assertShape("CosineQuantizer initialise", latents, ["n", this.dim]);
    const rows = this.rows(latents);
    try {
      const { centres, counts } = await fitCodes(rows, this.codeCount, rng);
      tf.tidy(() => this.params.codebook.assign(unit(centres)));
      this.params.counts.assign(counts);
      tf.dispose([centres, counts]);
    } finally {
      rows.dispose();
    }
  }

  /** Brings the codes back to length 1, moves the running counts, then restarts the dead codes. */
  update(latents: tf.Tensor, codes: tf.Tensor, rng: Rng): void {
    const { decay, deadBelow } = this.config;
    tf.tidy(() => {
      this.params.codebook.assign(unit(this.params.codebook));
      restartDead(this.params, this.rows(latents), codes, { decay, deadBelow, rng });
    });
  }

  codeUse(codes: tf.Tensor): CodeUse {
    return codeUse(codes, this.params.counts, this.config);
  }

  dispose(): void {
    tf.dispose([this.params.codebook, this.params.counts]);
    this.projection.dispose();
  }

  /** `[..., dim]` -> `[n, codeDim]` of length 1. */
  private rows(latents: tf.Tensor): tf.Tensor2D {
    return tf.tidy(() => unit(this.projection.toCodes(latents)) as tf.Tensor2D);
  }

  /** The nearest of unit vectors is the one at the smallest angle. */
  private codesOfRows(rows: tf.Tensor2D): tf.Tensor1D {
    return stopGradient(rows, (x) =>
      tf.tidy(() => nearest(x as tf.Tensor2D, unit(this.params.codebook) as tf.Tensor2D)),
    ) as tf.Tensor1D;
  }

  /** int32 `[n]` -> `[n, codeDim]` of length 1. */
  private valuesOf(codes: tf.Tensor1D): tf.Tensor2D {
    return unit(lookUp(this.params.codebook, codes)) as tf.Tensor2D;
  }
}

/** `x / ‖x‖` over the last axis; a vector shorter than 1e-6 is divided by 1e-6 instead. */
function unit(x: tf.Tensor): tf.Tensor {
  return tf.tidy(() => {
    const squares = tf.sum(tf.square(x), -1, true); // [..., 1]
    return tf.mul(x, tf.rsqrt(tf.maximum(squares, 1e-12)));
  });
}
