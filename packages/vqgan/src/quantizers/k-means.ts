import { NuwaError, type Rng } from "@nuwa/tensor3d";
import * as tf from "@tensorflow/tfjs-core";
import { codeSums, nearest } from "./nearest.ts";

export interface KMeansOptions {
  readonly clusters: number;
  readonly rng: Rng;
  /** Rounds of Lloyd's algorithm after the seeding. */
  readonly rounds?: number;
}

/**
 * k-means++ seeds: each next centre is a row drawn with probability proportional to its squared distance
 * from the centres so far. On the host, so equal on every backend. O(rows · clusters · dim).
 *
 * @param data row-major `[rows, dim]`
 * @returns indices of the chosen rows; they repeat once every row lies on a centre
 */
export function seedRows(data: Float32Array, dim: number, clusters: number, rng: Rng): Int32Array {
  const rows = data.length / dim;
  const distances = new Float64Array(rows).fill(Number.POSITIVE_INFINITY);
  const draws = rng.uniform(clusters);
  const chosen = new Int32Array(clusters);
  for (let cluster = 0; cluster < clusters; cluster++) {
    const row = cluster === 0 ? Math.floor(draws[0] * rows) : drawRow(distances, draws[cluster]);
    chosen[cluster] = row;
    for (let other = 0; other < rows; other++) {
      let distance = 0;
      for (let axis = 0; axis < dim; axis++) {
        const difference = data[other * dim + axis] - data[row * dim + axis];
        distance += difference * difference;
      }
      if (distance < distances[other]) distances[other] = distance;
    }
  }
  return chosen;
}

function drawRow(weights: Float64Array, uniform: number): number {
  let total = 0;
  for (const weight of weights) total += weight;
  let left = uniform * total;
  for (let row = 0; row < weights.length; row++) {
    left -= weights[row];
    if (left < 0) return row;
  }
  return Math.floor(uniform * weights.length); // all weights are 0
}

/**
 * Cluster centres by k-means++ and Lloyd's algorithm; an empty cluster keeps its centre.
 *
 * @param latents `[n, dim]`, n at least `clusters`
 * @returns `centres` `[clusters, dim]` and `counts` `[clusters]`, the rows nearest to each
 * @throws NuwaError `INPUT` when there are fewer rows than clusters
 */
export async function kMeans(
  latents: tf.Tensor2D,
  { clusters, rng, rounds = 8 }: KMeansOptions,
): Promise<{ centres: tf.Tensor2D; counts: tf.Tensor1D }> {
  const [rows, dim] = latents.shape;
  if (rows < clusters) {
    throw new NuwaError(
      "INPUT",
      `kMeans: wants at least as many rows as clusters, ${clusters}, got ${rows}. ` +
        "Collect latents of more pictures or use fewer codes.",
    );
  }
  const seeds = seedRows((await latents.data()) as Float32Array, dim, clusters, rng);
  return tf.tidy(() => {
    let centres = tf.gather(latents, tf.tensor1d(seeds, "int32")) as tf.Tensor2D;
    let counts: tf.Tensor1D = tf.zeros([clusters]);
    for (let round = 0; round <= rounds; round++) {
      const assigned = codeSums(latents, nearest(latents, centres), clusters);
      counts = assigned.counts;
      if (round === rounds) break;
      const filled = tf.expandDims(tf.cast(tf.greater(counts, 0), "float32"), 1);
      const divisor = tf.expandDims(tf.maximum(counts, 1), 1);
      const means = tf.div(assigned.sums, divisor);
      centres = tf.add(tf.mul(means, filled), tf.mul(centres, tf.sub(1, filled)));
    }
    return { centres, counts };
  });
}
