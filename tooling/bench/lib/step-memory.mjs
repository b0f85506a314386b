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
  const { turns, bytes } = JSON.parse(stdout.trim().split("\n").at(-1));
  const processor = summarize(turns.map(({ processorSeconds }) => processorSeconds)).min;
  return { ...summarize(turns.map(({ seconds }) => seconds)), processor, bytes, loss: turns.at(-1).loss };
}

const ways = [
  { checkpointing: false, precision: "float32" },
  { checkpointing: true, precision: "float32" },
  { checkpointing: false, precision: "bfloat16" },
  { checkpointing: true, precision: "bfloat16" },
  { checkpointing: false, precision: "float32", compiled: "graph" },
  { checkpointing: true, precision: "float32", compiled: "graph" },
];

/** Time and memory of a step with and without checkpointing, in float32 and bfloat16, and compiled. */
export async function measureMemory(options) {
  const results = [];
  for (const frames of [5, 40]) {
    console.log(`\nmemory: large, a video of ${frames}x16x16 codes, each way in a process of its own`);
    for (const way of ways) {
      const result = await stepOf(frames, { ...options, ...way });
      const name = `${way.precision}${way.compiled ? ", compiled" : ""}${way.checkpointing ? ", checkpointing" : ""}`;
      console.log(
        `  ${name.padEnd(34)} min / median / max: ${milliseconds(result)}, of the processors ${(result.processor * 1000).toFixed(0)} ms, highest working set + ${megabytes(result.bytes)} MB, ` +
          `loss ${result.loss.toFixed(5)}`,
      );
      results.push({ frames, ...way, ...result });
    }
  }
  return results;
}

/**
 * Time and memory a token of a step, for ever longer videos. Processor time, of all threads together, hardly depends on what
 * else the machine does.
 */
export async function measureGrowth(options) {
  const results = [];
  for (const checkpointing of [false, true]) {
    console.log(
      `\ngrowth: large, float32${checkpointing ? ", checkpointing" : ""}, each length in a process of its own`,
    );
    const rows = [];
    for (const frames of [10, 20, 40, 80]) {
      const result = await stepOf(frames, { ...options, checkpointing, precision: "float32" });
      rows.push({ tokens: frames * 256, checkpointing, ...result });
      console.log(growthLine(rows.at(-1), rows[0]));
    }
    results.push(...rows);
  }
  return results;
}

function growthLine(row, first) {
  const { tokens, bytes } = row;
  const perToken = (name) => {
    const ratio = row[name] / tokens / (first[name] / first.tokens);
    return `${((row[name] / tokens) * 1e6).toFixed(0)} µs a token, ${ratio.toFixed(2)} of the first`;
  };
  return (
    `  ${String(tokens).padStart(6)} tokens  min / median / max: ${milliseconds(row)}; by the clock ${perToken("min")}; ` +
    `of the processors ${perToken("processor")}; ` +
    `highest working set + ${megabytes(bytes)} MB, ${(bytes / tokens / 1024).toFixed(0)} KiB a token`
  );
}

const megabytes = (bytes) => (bytes / 1e6).toFixed(0);
