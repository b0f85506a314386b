// One training step of the same VQ-GAN, ours on the node backend against PyTorch, in turns within one run.
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { availableParallelism, loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { useBackend } from "@nuwa/backends";
import { writeSafetensors } from "@nuwa/tensor3d/node";
import { createOurs, drawPictures } from "./lib/ours-tokenizer.mjs";
import { startPeer } from "./lib/peer.mjs";
import { summarize } from "./lib/summary.mjs";
import { lossNames, stepSettings, tokenizerStepSizes } from "./lib/tokenizer-step-sizes.mjs";
import { timesTable } from "./lib/turns.mjs";

const { values: options } = parseArgs({
  options: {
    size: { type: "string", multiple: true, default: Object.keys(tokenizerStepSizes) },
    rounds: { type: "string", default: "5" },
    steps: { type: "string", default: "3" },
    seed: { type: "string", default: "0" },
    threads: { type: "string", default: String(availableParallelism()) },
    python: { type: "string", default: process.env.NUWA_BENCH_PYTHON ?? "python3" },
    json: { type: "string" },
  },
});
const [rounds, stepsPerTurn, seed, threads] = ["rounds", "steps", "seed", "threads"].map((name) =>
  Number(options[name]),
);
const warmUpSteps = 2;
/**
 * How far losses before the first step may be apart, relative to their size or to 1 where they are smaller: all are computed
 * from the same weights, and latents that are as near to one code as to another may go either way.
 */
const tolerance = 1e-3;

for (const name of options.size) {
  if (name in tokenizerStepSizes) continue;
  throw new Error(`--size: wanted ${Object.keys(tokenizerStepSizes).join(" or ")}, got ${name}.`);
}
const backend = await useBackend("node", { threads });
console.log(`ours: ${backend.name}, ${backend.device}, ${backend.detail}`);
const [load] = loadavg();
if (load > availableParallelism() / 2) {
  console.log(`The machine is busy (load ${load.toFixed(1)}): the ratios say little.`);
}
const results = { about: { load, ours: backend.detail } };
for (const name of options.size) results[name] = await compare(name, tokenizerStepSizes[name]);
if (options.json) await writeFile(options.json, `${JSON.stringify(results, undefined, 2)}\n`);

async function compare(name, size) {
  const folder = await mkdtemp(join(tmpdir(), "nuwa-bench-"));
  const pixels = drawPictures(size.batch, size.config.resolution, seed);
  const ours = await createOurs(size, pixels, seed);
  try {
    const paths = Object.fromEntries(
      ["weights", "discriminatorWeights", "pixels"].map((file) => [
        file,
        join(folder, `${file}.safetensors`),
      ]),
    );
    await ours.save(paths);
    await writeSafetensors(paths.pixels, { pixels });
    const job = join(folder, "job.json");
    await writeFile(job, JSON.stringify({ ...size, ...paths, settings: stepSettings, threads }));
    const peer = await startPeer(options.python, "tokenizer_step.py", [job]);
    const runners = {
      ours,
      "PyTorch, NCHW": { train: (steps) => peer.ask({ layout: "NCHW", steps }) },
      "PyTorch, channels last": { train: (steps) => peer.ask({ layout: "channels last", steps }) },
    };
    const turns = await takeTurns(runners);
    await peer.stop();
    return report(name, size, { parameters: ours.parameters, about: peer.about, turns });
  } finally {
    ours.dispose();
    pixels.dispose();
    await rm(folder, { recursive: true, force: true });
  }
}

/** Every runner's seconds, without those of the steps that warm up, and losses, with them. */
async function takeTurns(runners) {
  const turns = Object.fromEntries(Object.keys(runners).map((name) => [name, { seconds: [], losses: [] }]));
  for (let round = -1; round < rounds; round++) {
    for (const [name, runner] of Object.entries(runners)) {
      const { seconds, losses } = await runner.train(round < 0 ? warmUpSteps : stepsPerTurn);
      if (round >= 0) turns[name].seconds.push(...seconds);
      turns[name].losses.push(...losses);
    }
  }
  return turns;
}

function report(name, { batch, config }, { parameters, about, turns }) {
  const side = config.resolution;
  console.log(`\n${name}: ${batch} pictures of ${side}×${side}; ${about.version}, ${about.threads} threads`);
  console.log(`  parameters, tokenizer and discriminator: ${parameters.join(" and ")}`);
  const own = turns.ours.losses;
  const others = Object.entries(turns).filter(([who]) => who !== "ours");
  lossNames.forEach((loss, index) => {
    const ends = [0, own.length - 1].map((step) => {
      const values = Object.values(turns).map(({ losses }) => losses[step][index].toFixed(6));
      return `step ${step + 1}: ${values.join(" ")}`;
    });
    console.log(`  ${loss.padEnd(14)} ${ends.join("   ")}`);
  });
  const apart = (a, b) => Math.abs(a - b) / Math.max(1, Math.abs(a));
  const differences = others.map(([, { losses }]) =>
    Math.max(...losses[0].map((value, index) => apart(own[0][index], value))),
  );
  console.log(`  largest difference before the first step: ${Math.max(...differences).toExponential(1)}`);
  const times = Object.fromEntries(
    Object.entries(turns).map(([who, { seconds }]) => [who, summarize(seconds)]),
  );
  for (const line of timesTable(times)) console.log(`  ${line}`);
  const best = (which) => times.ours[which] / Math.min(...others.map(([who]) => times[who][which]));
  const ratio = { min: best("min"), median: best("median") };
  console.log(
    `  ours / the faster of PyTorch's: ${ratio.min.toFixed(2)} of the minima, ${ratio.median.toFixed(2)} of the medians`,
  );
  if (parameters.join() !== about.parameters.join() || !(Math.max(...differences) <= tolerance)) {
    console.log("  NOT THE SAME STEP: the ratios mean nothing.");
    process.exitCode = 1;
  }
  return { parameters, times, ratio, differences, torch: about.version };
}
