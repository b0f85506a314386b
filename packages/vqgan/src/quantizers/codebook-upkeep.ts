import type { Rng } from "@nuwa/tensor3d";
import * as tf from "@tensorflow/tfjs-core";
import { nextCounts } from "./code-use.ts";
import { flat, lookUp } from "./codes.ts";
import { kMeans } from "./k-means.ts";

/** The running count that a restarted code begins with, in latents a batch. */
export const RESTART_COUNT = 0.5;

/**
 * k-means centres of latents `[n, dim]`, and the running counts that a batch of the same mix would give on
 * average, with twice as many latents as codes. The caller disposes both.
 */
export async function fitCodes(
  latents: tf.Tensor2D,
  codeCount: number,
  rng: Rng,
): Promise<{ centres: tf.Tensor2D; counts: tf.Tensor }> {
  const { centres, counts } = await kMeans(latents, { clusters: codeCount, rng });
  const running = tf.tidy(() =>
    tf.maximum(tf.mul(counts, (2 * codeCount) / latents.shape[0]), RESTART_COUNT),
  );
  counts.dispose();
  return { centres, counts: running };
}

/** Moves the running counts of codes that gradients train, and restarts the dead ones at latents of the batch. */
export function restartDead(
  params: { readonly codebook: tf.Variable; readonly counts: tf.Variable },
  rows: tf.Tensor2D,
  codes: tf.Tensor,
  { decay, deadBelow, rng }: { decay: number; deadBelow: number; rng: Rng },
): void {
  tf.tidy(() => {
    const counts = nextCounts(params.counts, codes, decay);
    const dead = tf.cast(tf.less(counts, deadBelow), "float32") as tf.Tensor1D; // [codeCount]
    const fresh = freshCodes(rows, lookUp(params.codebook, flat(codes)), dead, rng);
    params.counts.assign(mix(counts, tf.scalar(RESTART_COUNT), dead));
    params.codebook.assign(mix(params.codebook, fresh, tf.expandDims(dead, 1)));
  });
}

/**
 * For each code the latent of the batch that it would restart at, `[codeCount, dim]`. Rows are drawn without
 * repetition, with probability proportional to their squared distance from their code (Gumbel top-k of its
 * logarithm): what the codes already cover, such as plain backgrounds, needs no more of them.
 *
 * @param rows latents `[n, dim]`
 * @param own the code of each, `[n, dim]`
 * @param dead 1 or 0, `[codeCount]`
 */
export function freshCodes(rows: tf.Tensor2D, own: tf.Tensor, dead: tf.Tensor1D, rng: Rng): tf.Tensor {
  return tf.tidy(() => {
    const count = rows.shape[0];
    const distances = tf.sum(tf.squaredDifference(rows, own), 1); // [n]
    const keys = tf.add(tf.log(tf.add(distances, 1e-12)), tf.tensor1d(rng.gumbel(count)));
    const { indices } = tf.topk(keys, Math.min(count, dead.shape[0])); // rows, the first drawn first
    const order = tf.cast(tf.cumsum(dead, 0, true), "int32"); // each dead code's place among them
    const chosen = tf.gather(indices, tf.minimum(order, tf.scalar(indices.shape[0] - 1, "int32")));
    return tf.gather(rows, chosen as tf.Tensor1D); // [codeCount, dim]
  });
}

/** `b` where `mask` is 1, `a` where it is 0. */
export function mix(a: tf.Tensor, b: tf.Tensor, mask: tf.Tensor): tf.Tensor {
  return tf.add(tf.mul(a, tf.sub(1, mask)), tf.mul(b, mask));
}
