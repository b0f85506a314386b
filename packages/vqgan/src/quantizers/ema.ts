import { assertShape, NuwaError, type Rng, randomNormal } from "@nuwa/tensor3d";
import * as tf from "@tensorflow/tfjs-core";
import type { EmaConfig } from "../config.ts";
import { kMeans } from "./k-means.ts";
import { codeSums, nearest } from "./nearest.ts";
import type { CodeUse, Quantized, Quantizer } from "./quantizer.ts";
import { offTape, straightThrough } from "./straight-through.ts";

/** The running count that a restarted code begins with, in latents a batch. */
const RESTART_COUNT = 0.5;

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
    const kept = offTape(latents, (x) => {
      const codes = nearest(this.rows(x), this.params.codebook as tf.Tensor as tf.Tensor2D);
      return tf.reshape(codes, latents.shape.slice(0, -1));
    });
    const codes = tf.clone(kept); // the clone belongs to the surrounding tidy
    kept.dispose();
    return codes;
  }

  /** int32 `[...]` -> `[..., dim]`. */
  latentsOf(codes: tf.Tensor): tf.Tensor {
    if (codes.dtype !== "int32") {
      throw new NuwaError("INPUT", `EmaQuantizer codes: wanted int32, got ${codes.dtype}. Cast them.`);
    }
    return tf.tidy(() => {
      const flat = tf.gather(this.params.codebook, tf.reshape(codes, [-1]) as tf.Tensor1D);
      return tf.reshape(flat, [...codes.shape, this.dim]);
    });
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

  /**
   * Sets the codes to k-means centres. Running counts become what a batch of `latents` of the same mix
   * would give on average, with twice as many latents as codes.
   */
  async initialise(latents: tf.Tensor2D, rng: Rng): Promise<void> {
    assertShape("EmaQuantizer initialise", latents, ["n", this.dim]);
    const { centres, counts } = await kMeans(latents, { clusters: this.codeCount, rng });
    tf.tidy(() => {
      const share = tf.mul(counts, (2 * this.codeCount) / latents.shape[0]);
      const running = tf.maximum(share, RESTART_COUNT);
      this.params.codebook.assign(centres);
      this.params.counts.assign(running);
      this.params.sums.assign(tf.mul(centres, tf.expandDims(running, 1)));
    });
    tf.dispose([centres, counts]);
  }

  /** Moves the running counts, sums and codes towards the batch, then restarts the dead codes. */
  update(latents: tf.Tensor, codes: tf.Tensor, rng: Rng): void {
    const { codeCount, decay, epsilon, deadBelow } = this.config;
    tf.tidy(() => {
      const rows = this.rows(latents);
      const batch = codeSums(rows, tf.reshape(codes, [-1]) as tf.Tensor1D, codeCount);
      const counts = tf.add(tf.mul(this.params.counts, decay), tf.mul(batch.counts, 1 - decay));
      const sums = tf.add(tf.mul(this.params.sums, decay), tf.mul(batch.sums, 1 - decay));
      const total = tf.sum(counts);
      const smoothed = tf.mul(tf.div(tf.add(counts, epsilon), tf.add(total, codeCount * epsilon)), total);
      const codebook = tf.div(sums, tf.expandDims(smoothed, 1));

      const dead = tf.cast(tf.less(counts, deadBelow), "float32"); // [codeCount]
      const deadRows = tf.expandDims(dead, 1);
      const fresh = tf.gather(rows, this.restarts(rows, codes, dead, rng)); // [codeCount, dim]
      this.params.counts.assign(mix(counts, tf.scalar(RESTART_COUNT), dead));
      this.params.sums.assign(mix(sums, tf.mul(fresh, RESTART_COUNT), deadRows));
      this.params.codebook.assign(mix(codebook, fresh, deadRows));
    });
  }

  codeUse(codes: tf.Tensor): CodeUse {
    return tf.tidy(() => {
      const flat = tf.reshape(codes, [-1]) as tf.Tensor1D;
      const { counts } = codeSums(tf.ones([flat.shape[0], 1]), flat, this.codeCount);
      const shares = tf.div(counts, flat.shape[0]);
      const entropy = tf.neg(tf.sum(tf.mul(shares, tf.log(tf.maximum(shares, 1e-12)))));
      const used = tf.cast(tf.greater(counts, 0), "float32");
      return { perplexity: tf.exp(entropy) as tf.Scalar, usage: tf.mean(used) as tf.Scalar };
    });
  }

  dispose(): void {
    tf.dispose([this.params.codebook, this.params.counts, this.params.sums]);
  }

  /**
   * For each code the row of the batch that it would restart at, int32 `[codeCount]`. Rows are drawn without
   * repetition, with probability proportional to their squared distance from their code (Gumbel top-k of its
   * logarithm): what the codes already cover, such as plain backgrounds, needs no more of them.
   */
  private restarts(rows: tf.Tensor2D, codes: tf.Tensor, dead: tf.Tensor, rng: Rng): tf.Tensor1D {
    const count = rows.shape[0];
    const own = tf.gather(this.params.codebook, tf.reshape(codes, [-1]) as tf.Tensor1D);
    const distances = tf.sum(tf.squaredDifference(rows, own), 1); // [n]
    const keys = tf.add(tf.log(tf.add(distances, 1e-12)), tf.tensor1d(rng.gumbel(count)));
    const { indices } = tf.topk(keys, Math.min(count, this.codeCount)); // rows, the first drawn first
    const order = tf.cast(tf.cumsum(dead, 0, true), "int32"); // each dead code's place among them
    return tf.gather(indices, tf.minimum(order, tf.scalar(indices.shape[0] - 1, "int32"))) as tf.Tensor1D;
  }

  private rows(latents: tf.Tensor): tf.Tensor2D {
    return tf.reshape(latents, [-1, this.dim]);
  }
}

/** `b` where `mask` is 1, `a` where it is 0. */
function mix(a: tf.Tensor, b: tf.Tensor, mask: tf.Tensor): tf.Tensor {
  return tf.add(tf.mul(a, tf.sub(1, mask)), tf.mul(b, mask));
}
