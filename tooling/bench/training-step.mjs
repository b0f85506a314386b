// One training step of the same transformer, ours on the node backend against PyTorch, in turns within one run; what it
// takes in memory, and how both grow.
import { writeFile } from "node:fs/promises";
import { availableParallelism, loadavg } from "node:os";
import { parseArgs } from "node:util";
import { prepareKernels } from "@nuwa/attention-3dna";
import { useBackend } from "@nuwa/backends";
import { sizes } from "./lib/sizes.mjs";
import { compareSteps } from "./lib/step-compare.mjs";
import { measureGrowth, measureMemory } from "./lib/step-memory.mjs";
import { compareModes } from "./lib/step-modes.mjs";

const parts = ["compare", "modes", "memory", "growth"];

const { values: options } = parseArgs({
  options: {
    part: { type: "string", multiple: true, default: ["compare"] },
    size: { type: "string", multiple: true, default: Object.keys(sizes) },
    rounds: { type: "string", default: "5" },
    steps: { type: "string", default: "4" },
    seed: { type: "string", default: "0" },
    threads: { type: "string", default: String(availableParallelism()) },
    python: { type: "string", default: process.env.NUWA_BENCH_PYTHON ?? "python3" },
    mode: { type: "string", default: "graph" },
    "no-torch-compile": { type: "boolean", default: false },
    json: { type: "string" },
  },
});
for (const part of options.part) oneOf("part", part, parts);
for (const name of options.size) oneOf("size", name, Object.keys(sizes));
const numbers = Object.fromEntries(
  ["rounds", "steps", "seed", "threads"].map((name) => [name, Number(options[name])]),
);

const [load] = loadavg();
if (load > availableParallelism() / 2) {
  console.log(
    `The machine is busy (load ${load.toFixed(1)}): threads that wait for each other suffer most, so the ratio says little.`,
  );
}
const results = {};
if (options.part.includes("memory")) results.memory = await measureMemory(numbers);
if (options.part.includes("growth")) results.growth = await measureGrowth(numbers);
if (options.part.includes("compare") || options.part.includes("modes")) {
  const backend = await useBackend("node", { threads: numbers.threads });
  await prepareKernels();
  console.log(`ours: ${backend.name}, ${backend.device}, ${backend.detail}`);
}
for (const name of options.size) {
  if (options.part.includes("compare")) {
    results[name] = await compareSteps(name, {
      ...numbers,
      python: options.python,
      torchCompile: !options["no-torch-compile"],
      mode: options.mode,
    });
  }
  if (options.part.includes("modes")) results[`${name} modes`] = await compareModes(name, numbers);
}
if (options.json) await writeFile(options.json, `${JSON.stringify(results, undefined, 2)}\n`);

function oneOf(name, value, allowed) {
  if (!allowed.includes(value)) throw new Error(`--${name}: wanted ${allowed.join(" or ")}, got ${value}.`);
}
