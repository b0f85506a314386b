import { assertShape, type Rng } from "@nuwa/tensor3d";
import * as tf from "@tensorflow/tfjs-core";
import { codeUse, nextCounts } from "./code-use.ts";
import { assertCodes, flat } from "./codes.ts";
import type { FsqConfig } from "./config.ts";
import { codeCountOf, codesOfDigits, digitsOfCodes } from "./mixed-radix.ts";
import { Projection } from "./projection.ts";
import type { CodeUse, Quantized, Quantizer } from "./quantizer.ts";
import { stopGradient, straightThrough } from "./straight-through.ts";

export interface FsqQuantizerConfig extends FsqConfig {
  readonly dim: number;
}

/** Keeps bounded values away from the outermost roundings. */
const MARGIN = 1e-3;

/**
 * Finite scalar quantization (arXiv 2309.15505): each dimension i of a projected latent z is bounded and rounded
 * to one of `L_i` whole numbers, half to even, with a straight-through gradient:
 * `f(z) = h·tanh(z + s) − o`, `h = (L − 1)(1 − 10⁻³) / 2`, `o` = ½ and `s = tan(o / h)` for even L, both 0 for
 * odd L. Values are divided by ⌊L/2⌋, so they lie in [−1, 1]. A code is `Σ_i d_i ∏_{j<i} L_j` with the digits
 * `d_i = round(f(z_i)) + ⌊L_i/2⌋`: every combination is a code, there is no codebook, and the loss has no terms.
 *
 * Params: `counts` `[codeCount]`, running counts; `projection`, where `dim` and the number of levels differ.
 */
export class FsqQuantizer implements Quantizer {
  readonly name = "fsq";
  readonly hasCodebook = false;
  readonly config: FsqQuantizerConfig;
  readonly codeCount: number;
  readonly params: { readonly counts: tf.Variable };
  readonly projection: Projection;

  /** @throws NuwaError `CONFIG` for levels that are not whole numbers from 2 on, or more than 2^24 codes */
  constructor(config: FsqQuantizerConfig, rng: Rng) {
    const { levels, dim } = config;
    this.config = config;
    this.codeCount = codeCountOf("FsqQuantizer levels", levels);
    this.params = { counts: tf.tidy(() => tf.variable(tf.ones([this.codeCount]), false)) };
    this.projection = new Projection({ dim, codeDim: levels.length }, rng.fork("projection"));
  }

  get dim(): number {
    return this.config.dim;
  }

  /** `[..., dim]` -> int32 `[...]`, off the gradient tape. */
  codesOf(latents: tf.Tensor): tf.Tensor {
    assertShape("FsqQuantizer latents", latents, ["...", this.dim]);
    return stopGradient(latents, (x) =>
      tf.tidy(() => {
        const whole = tf.round(this.bounded(this.projection.toCodes(x)));
        return tf.reshape(this.codesOfWhole(whole), latents.shape.slice(0, -1));
      }),
    );
  }

  /** int32 `[...]`, each below codeCount, -> `[..., dim]`. */
  latentsOf(codes: tf.Tensor): tf.Tensor {
    assertCodes("FsqQuantizer", codes);
    return tf.tidy(() => {
      const whole = tf.sub(digitsOfCodes(flat(codes), this.config.levels), this.halves());
      return this.projection.toLatents(tf.div(whole, this.halves()), codes.shape);
    });
  }

  /** Codes and quantized latents; the gradient passes the rounding, not the bound. The loss is 0. */
  quantize(latents: tf.Tensor): Quantized {
    assertShape("FsqQuantizer latents", latents, ["...", this.dim]);
    const lead = latents.shape.slice(0, -1);
    return tf.tidy(() => {
      const bounded = this.bounded(this.projection.toCodes(latents));
      const whole = stopGradient(bounded, tf.round) as tf.Tensor2D;
      const values = tf.div(straightThrough(bounded, whole), this.halves()) as tf.Tensor2D;
      return {
        codes: tf.reshape(this.codesOfWhole(whole), lead),
        quantized: this.projection.toLatents(values, lead),
        loss: tf.scalar(0),
      };
    });
  }

  /** Projected, bounded, and projected back. */
  continuous(latents: tf.Tensor): tf.Tensor {
    return tf.tidy(() => {
      const values = tf.div(this.bounded(this.projection.toCodes(latents)), this.halves()) as tf.Tensor2D;
      return this.projection.toLatents(values, latents.shape.slice(0, -1));
    });
  }

  async initialise(): Promise<void> {}

  /** Moves the running counts. */
  update(_latents: tf.Tensor, codes: tf.Tensor): void {
    tf.tidy(() => this.params.counts.assign(nextCounts(this.params.counts, codes)));
  }

  codeUse(codes: tf.Tensor): CodeUse {
    return codeUse(codes, this.params.counts);
  }

  dispose(): void {
    this.params.counts.dispose();
    this.projection.dispose();
  }

  /** `f(z)` of `[n, levels]`: from −⌊L/2⌋ to ⌈L/2⌉ − 1 when rounded. */
  private bounded(z: tf.Tensor2D): tf.Tensor2D {
    return tf.tidy(() => {
      const reach = (level: number) => ((level - 1) * (1 - MARGIN)) / 2;
      const offset = (level: number) => (level % 2 === 0 ? 0.5 : 0);
      const shift = this.perDimension((level) => Math.tan(offset(level) / reach(level)));
      const spread = tf.mul(tf.tanh(tf.add(z, shift)), this.perDimension(reach));
      return tf.sub(spread, this.perDimension(offset)) as tf.Tensor2D;
    });
  }

  private codesOfWhole(whole: tf.Tensor2D): tf.Tensor1D {
    return tf.tidy(() => {
      return codesOfDigits(tf.add(whole, this.halves()), this.config.levels);
    });
  }

  /** ⌊L/2⌋: the digit of 0, and the reach of the values before they are divided by it. */
  private halves(): tf.Tensor1D {
    return this.perDimension((level) => Math.floor(level / 2));
  }

  private perDimension(f: (level: number) => number): tf.Tensor1D {
    return tf.tensor1d(this.config.levels.map(f));
  }
}
