// One training step of a small GPT in float32, ours on the node backend against PyTorch, each as it is and compiled, in
// turns within one run.
import { writeFile } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { parseArgs } from "node:util";
import { compareGpt } from "./lib/gpt-compare.mjs";
import { openBench } from "./lib/open-bench.mjs";

const parts = { full: true, none: false };

const { values: options } = parseArgs({
  options: {
    attention: { type: "string", multiple: true, default: Object.keys(parts) },
    rounds: { type: "string", default: "5" },
    steps: { type: "string", default: "4" },
    seed: { type: "string", default: "0" },
    threads: { type: "string", default: String(availableParallelism()) },
    python: { type: "string", default: process.env.NUWA_BENCH_PYTHON ?? "python3" },
    "no-torch-compile": { type: "boolean", default: false },
    json: { type: "string" },
  },
});
for (const name of options.attention) {
  if (!(name in parts)) throw new Error(`--attention: wanted full or none, got ${name}.`);
}
const numbers = Object.fromEntries(
  ["rounds", "steps", "seed", "threads"].map((name) => [name, Number(options[name])]),
);

const results = { about: await openBench("node", numbers.threads) };
for (const name of options.attention) {
  results[name] = await compareGpt(parts[name], {
    ...numbers,
    python: options.python,
    torchCompile: !options["no-torch-compile"],
  });
}
if (options.json) await writeFile(options.json, `${JSON.stringify(results, undefined, 2)}\n`);
