import { attend } from "@nuwa/attention-3dna";
import { Rng, randomNormal, tokenCount, videoGrid } from "@nuwa/tensor3d";
import * as tf from "@tensorflow/tfjs-core";
import { attentionOptions, gradientsOf, secondsOf } from "./attention-ours.mjs";
import { takeTurns } from "./turns.mjs";

const extent = { height: 3, width: 3, frames: 3 };
const [heads, headDim] = [8, 64];
const grids = [10, 20, 40, 80, 160].map((frames) => videoGrid(16, 16, frames));

/**
 * `attend` with gradients in a fixed window, for ever longer videos.
 *
 * Memory is the highest that the process had in its working set, above what it had before the first computation. As it
 * never falls, nothing may have been computed before, and the first round goes from short to long.
 *
 * @returns by number of tokens `{ seconds, bytes }`
 */
export async function measureGrowth(options) {
  const supply = drawSupply();
  const before = process.memoryUsage.rss();
  const bytes = {};
  const contestants = grids.map((grid) => {
    const name = String(tokenCount(grid));
    const attention = attentionOptions(grid, extent);
    const run = async (calls) => {
      const inputs = supply.map((x) => tf.slice(x, [0, 0, 0, 0], [1, heads, tokenCount(grid), headDim]));
      const [query, key, value, dy] = inputs;
      const sources = [query, key, value];
      const seconds = secondsOf(() => gradientsOf(() => attend(...sources, attention), sources, dy), calls);
      tf.dispose(inputs);
      bytes[name] ??= process.resourceUsage().maxRSS * 1024 - before;
      return seconds;
    };
    return { name, run };
  });
  console.log(
    `\ngrowth: forward and backward, window 3×3×3 of frames of 16×16 tokens, causal, ${heads} heads of ${headDim} (min / median)`,
  );
  const times = await takeTurns(contestants, options);
  tf.dispose(supply);
  return report(times, bytes);
}

/**
 * Query, key, value and the gradient of the result, of which every video takes the beginning: more than the longest
 * needs, for a whole tensor would not be copied. The same 10 frames over and over, as no time depends on numbers.
 */
function drawSupply() {
  const start = grids[0];
  const repeats = tokenCount(grids.at(-1)) / tokenCount(start) + 1;
  return ["query", "key", "value", "dy"].map((name) =>
    tf.tidy(() => {
      const part = randomNormal([1, heads, tokenCount(start), headDim], new Rng(0).fork(name));
      return tf.tile(part, [1, 1, repeats, 1]); // [1, heads, tokens, headDim]
    }),
  );
}

function report(times, bytes) {
  const counts = Object.keys(times).map(Number);
  const perToken = (tokens, which) => times[tokens][which] / tokens;
  for (const tokens of counts) {
    const { min, median } = times[tokens];
    const ratios = ["min", "median"].map((which) => perToken(tokens, which) / perToken(counts[0], which));
    console.log(
      `  ${String(tokens).padStart(6)} tokens  ${milliseconds(min)} / ${milliseconds(median)} ms, ` +
        `time a token ${ratios.map((ratio) => ratio.toFixed(2)).join(" / ")} of the first; ` +
        `working set + ${kibibytes(bytes[tokens], tokens)} KiB a token`,
    );
  }
  const [first, last] = [counts[0], counts.at(-1)];
  const added = (bytes[last] - bytes[first]) / (last - first);
  console.log(
    `  from ${first} to ${last} tokens the highest working set grows by ${kibibytes(added, 1)} KiB a token: inputs, result, ` +
      `gradients and the kernel's memory; a tensor has ${(heads * headDim * 4) / 1024} KiB a token`,
  );
  const results = counts.map((tokens) => [tokens, { seconds: times[tokens], bytes: bytes[tokens] }]);
  return { ...Object.fromEntries(results), addedBytesPerToken: added };
}

const milliseconds = (seconds) => (seconds * 1000).toFixed(1);

const kibibytes = (bytes, tokens) => (bytes / tokens / 1024).toFixed(1);
