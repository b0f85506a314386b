import { assertShape, NuwaError, type Rng } from "@nuwa/tensor3d";
import * as tf from "@tensorflow/tfjs-core";
import { codeUse, nextCounts } from "./code-use.ts";
import { assertCodes, flat } from "./codes.ts";
import type { LfqConfig } from "./config.ts";
import { codesOfDigits, digitsOfCodes, MAX_CODES } from "./mixed-radix.ts";
import { Projection } from "./projection.ts";
import type { CodeUse, Quantized, Quantizer } from "./quantizer.ts";
import { stopGradient, straightThrough } from "./straight-through.ts";

export interface LfqQuantizerConfig extends LfqConfig {
  readonly dim: number;
}

/**
 * Lookup-free quantization (MAGVIT-v2, arXiv 2310.05737): a projected latent z of `codeDim` dimensions becomes
 * `q = sign(z)`, −1 at 0, with a straight-through gradient; its code is `Σ_i 2^i [z_i > 0]`. The loss is
 * `β·mean((z − sg[q])²) + w·(E[H(p(z))] − γ·H[E p(z)])`, `w` = `entropy`, `γ` = `diversity`, entropies in nats.
 *
 * `p(z)` is the softmax of `−‖z − c‖² / τ` over all codes c. It is a product over the dimensions of
 * `p_i = σ(4 z_i / τ)`, so the first entropy is exactly `Σ_i H(p_i)`. The batch's mean is no such product; its
 * entropy is replaced by that of its marginals, `Σ_i H(E p_i)`, never less and equal where dimensions are
 * independent. Nothing of size n · 2^codeDim is computed.
 *
 * Params: `counts` `[codeCount]`, running counts; `projection`, where `dim` and `codeDim` differ.
 */
export class LfqQuantizer implements Quantizer {
  readonly name = "lfq";
  readonly hasCodebook = false;
  readonly config: LfqQuantizerConfig;
  readonly codeCount: number;
  readonly params: { readonly counts: tf.Variable };
  readonly projection: Projection;
  private readonly levels: readonly number[];

  /** @throws NuwaError `CONFIG` unless `codeDim` is a whole number from 1 to 24 */
  constructor(config: LfqQuantizerConfig, rng: Rng) {
    const { codeDim } = config;
    if (!Number.isInteger(codeDim) || codeDim < 1 || 2 ** codeDim > MAX_CODES) {
      throw new NuwaError(
        "CONFIG",
        `LfqQuantizer codeDim: wanted a whole number from 1 to 24, got ${codeDim}.`,
      );
    }
    this.config = config;
    this.codeCount = 2 ** codeDim;
    this.levels = new Array<number>(codeDim).fill(2);
    this.params = { counts: tf.tidy(() => tf.variable(tf.ones([this.codeCount]), false)) };
    this.projection = new Projection(config, rng.fork("projection"));
  }

  get dim(): number {
    return this.config.dim;
  }

  /** `[..., dim]` -> int32 `[...]`, off the gradient tape. */
  codesOf(latents: tf.Tensor): tf.Tensor {
    assertShape("LfqQuantizer latents", latents, ["...", this.dim]);
    return stopGradient(latents, (x) =>
      tf.tidy(() => {
        const codes = codesOfDigits(positive(this.projection.toCodes(x)), this.levels);
        return tf.reshape(codes, latents.shape.slice(0, -1));
      }),
    );
  }

  /** int32 `[...]`, each below codeCount, -> `[..., dim]`. */
  latentsOf(codes: tf.Tensor): tf.Tensor {
    assertCodes("LfqQuantizer", codes);
    return tf.tidy(() => {
      const signs = signsOf(digitsOfCodes(flat(codes), this.levels));
      return this.projection.toLatents(signs, codes.shape);
    });
  }

  /** Codes, quantized latents with a straight-through gradient, and commitment and entropies. */
  quantize(latents: tf.Tensor): Quantized {
    assertShape("LfqQuantizer latents", latents, ["...", this.dim]);
    const lead = latents.shape.slice(0, -1);
    return tf.tidy(() => {
      const z = this.projection.toCodes(latents); // [n, codeDim]
      const digits = stopGradient(z, (x) => positive(x as tf.Tensor2D)) as tf.Tensor2D;
      const signs = signsOf(digits);
      const quantized = straightThrough(z, signs) as tf.Tensor2D;
      return {
        codes: tf.reshape(codesOfDigits(digits, this.levels), lead),
        quantized: this.projection.toLatents(quantized, lead),
        loss: this.lossOf(z, signs),
      };
    });
  }

  /** Projected, squashed by tanh to the cube whose corners are the codes, and projected back. */
  continuous(latents: tf.Tensor): tf.Tensor {
    return tf.tidy(() => {
      const inside = tf.tanh(this.projection.toCodes(latents));
      return this.projection.toLatents(inside, latents.shape.slice(0, -1));
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

  private lossOf(z: tf.Tensor2D, signs: tf.Tensor2D): tf.Scalar {
    const { commitment, entropy, diversity, temperature } = this.config;
    return tf.tidy(() => {
      const distance = tf.mean(tf.squaredDifference(z, signs));
      const shares = tf.sigmoid(tf.mul(z, 4 / temperature)); // [n, codeDim]
      const ofLatent = tf.div(tf.sum(binaryEntropy(shares)), z.shape[0]);
      const ofBatch = tf.sum(binaryEntropy(tf.mean(shares, 0)));
      const entropies = tf.sub(ofLatent, tf.mul(ofBatch, diversity));
      return tf.add(tf.mul(distance, commitment), tf.mul(entropies, entropy)) as tf.Scalar;
    });
  }
}

/** 1 where x > 0, else 0. */
function positive(x: tf.Tensor2D): tf.Tensor2D {
  return tf.tidy(() => tf.cast(tf.greater(x, 0), "float32") as tf.Tensor2D);
}

/** 0 and 1 to −1 and 1. */
function signsOf(digits: tf.Tensor2D): tf.Tensor2D {
  return tf.tidy(() => tf.sub(tf.mul(digits, 2), 1) as tf.Tensor2D);
}

/** `−p ln p − (1 − p) ln(1 − p)` of each element. */
function binaryEntropy(p: tf.Tensor): tf.Tensor {
  const term = (share: tf.Tensor) => tf.mul(share, tf.log(tf.maximum(share, 1e-12)));
  return tf.tidy(() => tf.neg(tf.add(term(p), term(tf.sub(1, p)))));
}
