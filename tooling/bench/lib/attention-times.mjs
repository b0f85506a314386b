import { attend } from "@nuwa/attention-3dna";
import { Rng, randomNormal, tokenCount } from "@nuwa/tensor3d";
import * as tf from "@tensorflow/tfjs-core";

/**
 * How long causal `attend` takes under each pattern, alone and with the gradients of query, key and value. The
 * patterns take turns, so that all of them meet the same machine; a first turn builds tables and is not counted.
 *
 * @param patterns `{ title, pattern }`
 * @param onRound told how many rounds are done, 0 after the first turn
 * @returns by title, `{ forward, both }`, seconds of each round
 */
export async function measureAttention(patterns, { grid, heads, headDim, rounds, onRound }) {
  const draw = (name) => randomNormal([1, heads, tokenCount(grid), headDim], new Rng(0).fork(name));
  const [query, key, value, gradient] = ["query", "key", "value", "gradient"].map(draw);
  const times = Object.fromEntries(patterns.map(({ title }) => [title, { forward: [], both: [] }]));
  for (let round = -1; round < rounds; round++) {
    for (const { title, pattern } of patterns) {
      const forward = (q, k, v) => attend(q, k, v, { pattern, queryGrid: grid, causal: true });
      const both = tf.grads(forward);
      const alone = await secondsOf(() => [forward(query, key, value)]);
      const together = await secondsOf(() => both([query, key, value], gradient));
      if (round < 0) continue;
      times[title].forward.push(alone);
      times[title].both.push(together);
    }
    onRound(round + 1);
  }
  tf.dispose([query, key, value, gradient]);
  return times;
}

/** Until one number of each result can be read, so that backends that compute later are timed too. */
async function secondsOf(compute) {
  const started = performance.now();
  const corners = tf.tidy(() => compute().map((result) => tf.slice(result, [0, 0, 0, 0], [1, 1, 1, 1])));
  await Promise.all(corners.map((corner) => corner.data()));
  const seconds = (performance.now() - started) / 1000;
  tf.dispose(corners);
  return seconds;
}
