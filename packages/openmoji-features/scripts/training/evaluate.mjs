import * as tf from "@tensorflow/tfjs-core";
import { drawBatch } from "./batch.mjs";

const chunk = 64;

/** The share of scenes in which the classifier names the drawing: each drawing `times` times, at new places. */
export async function accuracy(classifier, sprites, times, rng, options) {
  let right = 0;
  let count = 0;
  for (let time = 0; time < times; time++) {
    for (let first = 0; first < sprites.length; first += chunk) {
      const drawings = sprites.slice(first, first + chunk);
      const batch = drawBatch(drawings, rng.fork(time, first), options);
      const named = tf.tidy(() => tf.argMax(classifier.classify(batch.pixels), 1));
      const values = await named.data();
      right += values.reduce((sum, value, index) => sum + (value === first + index ? 1 : 0), 0);
      count += drawings.length;
      tf.dispose([batch, named]);
    }
  }
  return right / count;
}

/**
 * Of each drawing two scenes: how often the second is, among the second scenes of all, the nearest to the first by
 * the embedding's cosine.
 *
 * @param features a loaded OpenMojiFeatures
 */
export async function nearestNeighbours(features, sprites, times, rng, options) {
  let right = 0;
  for (let time = 0; time < times; time++) {
    const [queries, keys] = [0, 1].map((which) => drawBatch(sprites, rng.fork(time, which), options));
    const nearest = tf.tidy(() => {
      const [query, key] = [queries, keys].map(({ pixels }) => unit(features.embed(pixels)));
      return tf.argMax(tf.matMul(query, key, false, true), 1); // [n]
    });
    const values = await nearest.data();
    right += values.reduce((sum, value, index) => sum + (value === index ? 1 : 0), 0);
    tf.dispose([queries, keys, nearest]);
  }
  return right / (times * sprites.length);
}

/** Centred by the mean of the rows, at length 1. */
function unit(rows) {
  const centred = tf.sub(rows, tf.mean(rows, 0));
  return tf.div(centred, tf.norm(centred, 2, 1, true));
}
