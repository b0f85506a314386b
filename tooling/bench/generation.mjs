// Generating videos: ours against a PyTorch decoder with caches and against nuwa-pytorch, and how the cost grows.
import { writeFile } from "node:fs/promises";
import { availableParallelism, loadavg } from "node:os";
import { parseArgs } from "node:util";
import { tokenCount } from "@nuwa/tensor3d";
import { measureSpeed } from "./lib/generation-compare.mjs";
import { measureGrowth } from "./lib/generation-growth.mjs";
import { measureNuwa } from "./lib/generation-nuwa.mjs";
import { config } from "./lib/generation-sizes.mjs";
import { openBench } from "./lib/open-bench.mjs";

/** Growth comes first: it reads the memory of the process, which keeps what others have freed. */
const parts = { growth: measureGrowth, speed: measureSpeed, nuwa: measureNuwa };

const { values: options } = parseArgs({
  options: {
    part: { type: "string", multiple: true, default: Object.keys(parts) },
    rounds: { type: "string", default: "3" },
    "peer-tokens": { type: "string", default: "2560" },
    checked: { type: "string", default: "320" },
    seed: { type: "string", default: "0" },
    threads: { type: "string" },
    python: { type: "string", default: process.env.NUWA_BENCH_PYTHON ?? "python3" },
    json: { type: "string" },
  },
});
for (const part of options.part) {
  if (!(part in parts)) throw new Error(`--part: wanted ${Object.keys(parts).join(" or ")}, got ${part}.`);
}
const tokens = tokenCount(config.targetGrid);
const threads = options.threads === undefined ? availableParallelism() : wholeNumber("threads");
const settings = {
  rounds: wholeNumber("rounds"),
  peerTokens: wholeNumber("peer-tokens", tokens),
  checked: wholeNumber("checked", tokens),
  seed: Number(options.seed),
  python: options.python,
  threads,
};

const about = await openBench("node", options.threads === undefined ? undefined : threads);
const results = { about };
for (const [part, measure] of Object.entries(parts)) {
  if (options.part.includes(part)) results[part] = await measure(settings);
}
console.log(`\nload at the end: ${((about.loadAtEnd = loadavg()[0])).toFixed(1)}`);
if (options.json) await writeFile(options.json, `${JSON.stringify(results, undefined, 2)}\n`);

function wholeNumber(name, most = Infinity) {
  const value = Number(options[name]);
  if (Number.isInteger(value) && value > 0 && value <= most) return value;
  const range = most === Infinity ? "of at least 1" : `from 1 to ${most}`;
  throw new Error(`--${name}: wanted a whole number ${range}, got ${options[name]}.`);
}
