// One training step of the same transformer, ours on the node backend against PyTorch, in turns within one run.
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { availableParallelism, loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { prepareKernels } from "@nuwa/attention-3dna";
import { useBackend } from "@nuwa/backends";
import { createOurs, drawBatch } from "./lib/ours.mjs";
import { startPeer } from "./lib/peer.mjs";
import { optimizer, sizes } from "./lib/sizes.mjs";
import { milliseconds, summarize } from "./lib/summary.mjs";

const { values: options } = parseArgs({
  options: {
    size: { type: "string", multiple: true, default: Object.keys(sizes) },
    rounds: { type: "string", default: "5" },
    steps: { type: "string", default: "4" },
    seed: { type: "string", default: "0" },
    threads: { type: "string", default: String(availableParallelism()) },
    python: { type: "string", default: process.env.NUWA_BENCH_PYTHON ?? "python3" },
    json: { type: "string" },
  },
});
const rounds = Number(options.rounds);
const stepsPerTurn = Number(options.steps);
const seed = Number(options.seed);
const threads = Number(options.threads);
const warmUpSteps = 3;
/** Both train from the same weights on the same batch: their losses may part by rounding only. */
const lossTolerance = 2e-3;

for (const name of options.size) {
  if (!(name in sizes)) throw new Error(`--size: wanted ${Object.keys(sizes).join(" or ")}, got ${name}.`);
}
const backend = await useBackend("node", { threads });
await prepareKernels();
console.log(`ours: ${backend.name}, ${backend.device}, ${backend.detail}`);
const [load] = loadavg();
if (load > availableParallelism() / 2) {
  console.log(
    `The machine is busy (load ${load.toFixed(1)}): threads that wait for each other suffer most, so the ratio says little.`,
  );
}
const results = {};
for (const name of options.size) results[name] = await compare(name, sizes[name]);
if (options.json) await writeFile(options.json, `${JSON.stringify(results, undefined, 2)}\n`);

async function compare(name, size) {
  const folder = await mkdtemp(join(tmpdir(), "nuwa-bench-"));
  const data = drawBatch(size, seed);
  const ours = createOurs(size, data, seed);
  try {
    const weights = join(folder, "weights.safetensors");
    const job = join(folder, "job.json");
    await ours.save(weights);
    const batch = { targets: Array.from(data.targets), texts: data.texts.map((text) => Array.from(text)) };
    await writeFile(job, JSON.stringify({ ...size, ...batch, optimizer, weights, threads }));
    const peer = await startPeer(options.python, "transformer.py", [job]);
    const { seconds, losses } = await takeTurns(ours, peer);
    await peer.stop();
    return report(name, size, { ours, about: peer.about, seconds, losses });
  } finally {
    ours.dispose();
    await rm(folder, { recursive: true, force: true });
  }
}

async function takeTurns(ours, peer) {
  const runners = { ours, peer: { train: (steps) => peer.ask({ steps }) } };
  const seconds = { ours: [], peer: [] };
  const losses = { ours: [], peer: [] };
  for (let round = -1; round < rounds; round++) {
    for (const [who, runner] of Object.entries(runners)) {
      const turn = await runner.train(round < 0 ? warmUpSteps : stepsPerTurn);
      losses[who].push(...turn.losses);
      if (round >= 0) seconds[who].push(...turn.seconds);
    }
  }
  return { seconds, losses };
}

function report(name, { batch, config }, { ours, about, seconds, losses }) {
  const own = summarize(seconds.ours);
  const peer = summarize(seconds.peer);
  const ratio = own.median / peer.median;
  const apart = Math.max(...losses.ours.map((loss, index) => Math.abs(loss - losses.peer[index])));
  const { height, width, frames } = config.targetGrid;
  console.log(
    `\n${name}: dim ${config.dim}, ${config.heads} heads, ${config.encoderLayers} + ${config.decoderLayers} layers, ` +
      `batch ${batch} of ${frames}x${height}x${width} codes, ${config.textLength} text tokens`,
  );
  console.log(`  parameters: ours ${ours.parameters}, PyTorch ${about.parameters}`);
  console.log(
    `  loss before the first step: ours ${losses.ours[0].toFixed(6)}, PyTorch ${losses.peer[0].toFixed(6)}`,
  );
  console.log(
    `  loss after ${losses.ours.length - 1} steps: ours ${losses.ours.at(-1).toFixed(6)}, PyTorch ${losses.peer.at(-1).toFixed(6)}; ` +
      `largest difference ${apart.toExponential(1)}`,
  );
  console.log(`  ours     min / median / max: ${milliseconds(own)}`);
  console.log(
    `  PyTorch  min / median / max: ${milliseconds(peer)}  (${about.version}, ${about.threads} threads)`,
  );
  const fastest = own.min / peer.min;
  console.log(`  ratio of the medians: ${ratio.toFixed(2)}, of the fastest steps: ${fastest.toFixed(2)}`);
  if (ours.parameters !== about.parameters || !(apart <= lossTolerance)) {
    console.log("  NOT THE SAME MODEL: the ratio means nothing.");
    process.exitCode = 1;
  }
  return {
    ours: own,
    pytorch: peer,
    ratio,
    fastest,
    steps: seconds.ours.length,
    lossDifference: apart,
    parameters: ours.parameters,
    torch: about.version,
  };
}
