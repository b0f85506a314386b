import { CachePlan, neighbourTable } from "@nuwa/attention-3dna";
import { decodeSchedule, patternFromConfig } from "@nuwa/encdec";
import { tokenCount } from "@nuwa/tensor3d";
import { createOurs } from "./generation-ours.mjs";
import { growthConfig as config, describe } from "./generation-sizes.mjs";
import { forgetPeakMemory, peakMemory } from "./peak-memory.mjs";
import { summarize } from "./summary.mjs";

const grids = [10, 20, 40, 80].map((frames) => ({ ...config.targetGrid, frames }));

/**
 * Ever longer videos by one model, plain: time and memory.
 *
 * Memory is the highest that the process had in its working set during the video, above what it had before the first
 * one. As it keeps what it has freed, that counts in the first round only, which goes from short to long.
 *
 * @returns by number of tokens `{ seconds, steps, slots, bytes }`
 */
export async function measureGrowth({ rounds, seed }) {
  console.log(`\ngrowth: ${describe(config)} at most, window 3x3x3 (min / median)`);
  const ours = createOurs(config, seed);
  const before = process.memoryUsage.rss();
  const results = grids.map((grid) => ({ tokens: tokenCount(grid), ...decodingOf(grid), times: [] }));
  for (let round = -1; round < rounds; round++) {
    for (const [index, grid] of grids.entries()) {
      forgetPeakMemory();
      const seconds = await ours.seconds({ grid });
      results[index].bytes ??= peakMemory() - before;
      if (round >= 0) results[index].times.push(seconds);
    }
  }
  ours.dispose();
  return report(results);
}

/** How many steps a video takes, and how many positions' keys and values are kept at once at most. */
function decodingOf(grid) {
  const pattern = patternFromConfig(config.decoderPattern);
  const steps = decodeSchedule({ pattern, grid });
  const { slots } = new CachePlan(neighbourTable(pattern, { queryGrid: grid, causal: true }), steps);
  return { steps: steps.length, slots };
}

function report(results) {
  const measured = results.map(({ times, ...rest }) => ({ ...rest, seconds: summarize(times) }));
  const [first] = measured;
  for (const { tokens, seconds, steps, slots, bytes } of measured) {
    const ratios = ["min", "median"].map(
      (which) => seconds[which] / tokens / (first.seconds[which] / first.tokens),
    );
    console.log(
      `  ${String(tokens).padStart(6)} tokens  ${seconds.min.toFixed(2)} / ${seconds.median.toFixed(2)} s, ` +
        `time a token ${ratios.map((ratio) => ratio.toFixed(2)).join(" / ")} of the first; ${steps} steps, ` +
        `${slots} slots (${((100 * slots) / tokens).toFixed(0)} %), working set + ${(bytes / 2 ** 20).toFixed(0)} MiB`,
    );
  }
  return Object.fromEntries(measured.map(({ tokens, ...rest }) => [tokens, rest]));
}
