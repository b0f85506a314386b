// Draws the attention patterns, counts their pairs and times them: docs/attention.md and its figure.
import { mkdir, writeFile } from "node:fs/promises";
import { availableParallelism, cpus, loadavg } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { prepareKernels } from "@nuwa/attention-3dna";
import { useBackend } from "@nuwa/backends";
import { version_core } from "@tensorflow/tfjs-core";
import { drawAttention } from "./lib/attention-figure.mjs";
import { attentionPage } from "./lib/attention-page.mjs";
import { grids, patternsWith, size } from "./lib/attention-patterns.mjs";
import { measureAttention } from "./lib/attention-times.mjs";
import { milliseconds, summarize } from "./lib/summary.mjs";

const program = "node tooling/bench/attention-figures.mjs";
const usage = `${program} [options]

Writes attention.md and figures/attention-patterns.svg.

  --out FOLDER      where to, default the repository's docs
  --backend NAME    node, wasm or cpu, on which attention is timed; default node
  --threads N       threads of the node backend, default all cores
  --rounds N        how often each time is taken, default 10
  --no-times        neither load a backend nor measure: the page has no times
  --help            this text`;
const backends = ["node", "wasm", "cpu"];
const figure = "figures/attention-patterns.svg";

const { values: options } = parseArgs({
  options: {
    out: { type: "string", default: fileURLToPath(new URL("../../docs", import.meta.url)) },
    backend: { type: "string", default: "node" },
    threads: { type: "string", default: String(availableParallelism()) },
    rounds: { type: "string", default: "10" },
    "no-times": { type: "boolean", default: false },
    help: { type: "boolean", default: false },
  },
});

if (options.help) console.log(usage);
else await run();

async function run() {
  if (!backends.includes(options.backend)) {
    throw new Error(`--backend: wanted ${backends.join(" or ")}, got ${options.backend}.`);
  }
  const threads = wholeNumber("threads");
  const rounds = wholeNumber("rounds");
  const { grid, block } = grids[0];
  const query = { row: 1, column: 2, frame: 1 };
  const svg = drawAttention({ grid, query, patterns: patternsWith(block) });
  const command = [program, ...commandOptions()].join(" ");
  const measured = options["no-times"] ? undefined : await measure(threads, rounds);
  await mkdir(join(options.out, "figures"), { recursive: true });
  await writeFile(join(options.out, figure), svg);
  await writeFile(join(options.out, "attention.md"), attentionPage({ figure, command, measured }));
  console.log(`Wrote attention.md and ${figure} to ${options.out}`);
}

async function measure(threads, rounds) {
  const onRound = (done) => console.log(done === 0 ? "  warmed up" : `  round ${done} of ${rounds}`);
  const settings = { ...grids[1], heads: 8, headDim: 64, rounds, onRound };
  const backend = await useBackend(options.backend, options.backend === "node" ? { threads } : {});
  await prepareKernels();
  const about =
    `the backend \`${backend.name}\` (${backend.device}: ${backend.detail}), tfjs-core ${version_core} and ` +
    `Node ${process.versions.node}\non ${cpus()[0].model.trim()}, ${availableParallelism()} cores`;
  const busy = loadavg()[0] > availableParallelism() / 2;
  console.log(`${size(settings.grid)} tokens, ${about.replace("\n", " ")}`);
  if (busy) console.log("The machine is busy: the times will be higher than need be, and the page says so.");
  const times = await measureAttention(patternsWith(settings.block), settings);
  console.log("Min / median / max:");
  for (const [title, { forward, both }] of Object.entries(times)) {
    console.log(
      `  ${title}: forward ${milliseconds(summarize(forward))}, with gradients ${milliseconds(summarize(both))}`,
    );
  }
  return { ...settings, times, about, busy };
}

/** The options that the page shows, for who wants to make the same one. */
function commandOptions() {
  if (options["no-times"]) return ["--no-times"];
  return options.backend === "node" ? [] : ["--backend", options.backend];
}

function wholeNumber(name) {
  const value = Number(options[name]);
  if (Number.isInteger(value) && value > 0) return value;
  throw new Error(`--${name}: wanted a whole number of at least 1, got ${options[name]}.`);
}
