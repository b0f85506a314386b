import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { sizes } from "./sizes.mjs";
import { milliseconds, summarize } from "./summary.mjs";

const program = fileURLToPath(new URL("step-alone.mjs", import.meta.url));
const { config } = sizes.large;

/** The large model on a video of `frames` frames of 16×16 codes, in a process of its own. */
async function stepOf(frames, options) {
  const size = { batch: 1, config: { ...config, targetGrid: { ...config.targetGrid, frames } } };
  const { stdout } = await promisify(execFile)(process.execPath, [
    program,
    JSON.stringify({ size, ...options }),
  ]);
  const { seconds, bytes, loss } = JSON.parse(stdout.trim().split("\n").at(-1));
  return { ...summarize(seconds), bytes, loss };
}

const ways = [
  { checkpointing: false, precision: "float32" },
  { checkpointing: true, precision: "float32" },
  { checkpointing: false, precision: "bfloat16" },
  { checkpointing: true, precision: "bfloat16" },
];

/** Time and memory of a step with and without checkpointing, in float32 and bfloat16. */
export async function measureMemory(options) {
  const results = [];
  for (const frames of [5, 40]) {
    console.log(`\nmemory: large, a video of ${frames}x16x16 codes, each way in a process of its own`);
    for (const way of ways) {
      const result = await stepOf(frames, { ...options, ...way });
      const name = `${way.precision}${way.checkpointing ? ", checkpointing" : ""}`;
      console.log(
        `  ${name.padEnd(25)} min / median / max: ${milliseconds(result)}, highest working set + ${megabytes(result.bytes)} MB, ` +
          `loss ${result.loss.toFixed(5)}`,
      );
      results.push({ frames, ...way, ...result });
    }
  }
  return results;
}

/** Time and memory a token of a step, for ever longer videos. */
export async function measureGrowth(options) {
  const results = [];
  for (const checkpointing of [false, true]) {
    console.log(
      `\ngrowth: large, float32${checkpointing ? ", checkpointing" : ""}, each length in a process of its own`,
    );
    let first;
    for (const frames of [10, 20, 40, 80]) {
      const tokens = frames * 256;
      const result = await stepOf(frames, { ...options, checkpointing, precision: "float32" });
      first ??= result.min / tokens;
      console.log(
        `  ${String(tokens).padStart(6)} tokens  min / median / max: ${milliseconds(result)}, ` +
          `${((result.min / tokens) * 1e6).toFixed(0)} µs a token, ${(result.min / tokens / first).toFixed(2)} of the first; ` +
          `highest working set + ${megabytes(result.bytes)} MB, ${(result.bytes / tokens / 1024).toFixed(0)} KiB a token`,
      );
      results.push({ tokens, checkpointing, ...result });
    }
  }
  return results;
}

const megabytes = (bytes) => (bytes / 1e6).toFixed(0);
