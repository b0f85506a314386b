// Windowed attention, ours against PyTorch's ways to compute it, in turns within one run.
import { writeFile } from "node:fs/promises";
import { availableParallelism, loadavg } from "node:os";
import { parseArgs } from "node:util";
import { comparePart } from "./lib/attention-compare.mjs";
import { measureGrowth } from "./lib/attention-growth.mjs";
import { openBench } from "./lib/open-bench.mjs";
import { startPeer } from "./lib/peer.mjs";

// Growth comes first: it reads the highest memory of the process.
const parts = ["growth", "core", "layer"];
const backends = ["node", "wasm", "cpu"];

const { values: options } = parseArgs({
  options: {
    part: { type: "string", multiple: true, default: parts },
    backend: { type: "string", default: "node" },
    rounds: { type: "string", default: "5" },
    calls: { type: "string", default: "3" },
    threads: { type: "string" },
    slow: { type: "boolean", default: false },
    python: { type: "string", default: process.env.NUWA_BENCH_PYTHON ?? "python3" },
    json: { type: "string" },
  },
});
for (const part of options.part) oneOf("part", part, parts);
oneOf("backend", options.backend, backends);
const threads = options.threads === undefined ? availableParallelism() : wholeNumber("threads");
const turns = { rounds: wholeNumber("rounds"), calls: wholeNumber("calls"), slow: options.slow };

const about = await openBench(options.backend, options.threads === undefined ? undefined : threads);
const results = { about };
if (options.part.includes("growth")) results.growth = await measureGrowth(turns);
const compared = parts.filter((part) => part !== "growth" && options.part.includes(part));
if (compared.length > 0) await compare(compared);
console.log(`\nload at the end: ${((about.loadAtEnd = loadavg()[0])).toFixed(1)}`);
if (options.json) await writeFile(options.json, `${JSON.stringify(results, undefined, 2)}\n`);

async function compare(names) {
  const peer = await startPeer(options.python, "attention.py", [String(threads)]);
  about.peer = `${peer.about.version}, ${peer.about.threads} threads`;
  console.log(`peers: ${about.peer}`);
  try {
    for (const part of names) results[part] = await comparePart(part, peer, turns);
  } finally {
    await peer.stop();
  }
}

function oneOf(option, got, wanted) {
  if (!wanted.includes(got)) throw new Error(`--${option}: wanted ${wanted.join(" or ")}, got ${got}.`);
}

function wholeNumber(name) {
  const value = Number(options[name]);
  if (Number.isInteger(value) && value > 0) return value;
  throw new Error(`--${name}: wanted a whole number of at least 1, got ${options[name]}.`);
}
