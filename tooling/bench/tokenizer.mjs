// Pictures to codes and back by the same VQGAN, ours on the node backend against PyTorch, in turns within one run.
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { availableParallelism, loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { compile, useBackend } from "@nuwa/backends";
import { parameterCount, Rng } from "@nuwa/tensor3d";
import { writeSafetensors } from "@nuwa/tensor3d/node";
import { compileCodec, exportTaming, VqModel } from "@nuwa/vqgan";
import * as tf from "@tensorflow/tfjs-core";
import { startPeer } from "./lib/peer.mjs";
import { tokenizerSizes } from "./lib/tokenizer-sizes.mjs";
import { takeTurns, timesTable } from "./lib/turns.mjs";

const { values: options } = parseArgs({
  options: {
    size: { type: "string", multiple: true, default: ["small", "imagenet"] },
    rounds: { type: "string", default: "5" },
    calls: { type: "string", default: "3" },
    threads: { type: "string", default: String(availableParallelism()) },
    python: { type: "string", default: process.env.NUWA_BENCH_PYTHON ?? "python3" },
    json: { type: "string" },
  },
});
const turns = { rounds: Number(options.rounds), calls: Number(options.calls) };
const threads = Number(options.threads);
/** Largest difference of a result, relative to its largest value, between ours and PyTorch's. */
const tolerance = 1e-4;
/** Codes may differ where two are as near as rounding can tell; with drawn weights that happens. */
const otherCodes = 0.01;
/** Calls after which a compiled step no longer runs as it is. */
const recordedCalls = 3;

for (const name of options.size) {
  if (name in tokenizerSizes) continue;
  throw new Error(`--size: wanted ${Object.keys(tokenizerSizes).join(" or ")}, got ${name}.`);
}
const backend = await useBackend("node", { threads });
const peer = await startPeer(options.python, "tokenizer.py", [String(threads)]);
console.log(`ours: ${backend.name}, ${backend.device}, ${backend.detail}`);
console.log(`peer: ${peer.about.version}, ${peer.about.threads} threads`);
const [load] = loadavg();
if (load > availableParallelism() / 2) {
  console.log(`The machine is busy (load ${load.toFixed(1)}): the ratios say little.`);
}
const results = { about: { load, ours: backend.detail, peer: peer.about } };
try {
  for (const name of options.size) results[name] = await compare(name, tokenizerSizes[name]);
} finally {
  await peer.stop();
}
if (options.json) await writeFile(options.json, `${JSON.stringify(results, undefined, 2)}\n`);

async function compare(name, { batch, config }) {
  const model = VqModel.create(config, new Rng(0).fork("weights"));
  const { resolution } = config;
  const shape = [batch, resolution, resolution, 3];
  const values = new Rng(0).fork("pixels").uniform(batch * resolution ** 2 * 3);
  const pixels = tf.tensor4d(
    values.map((value) => 2 * value - 1),
    shape,
  );
  const { codes } = model.encode(pixels);
  console.log(`\n${name}: ${shape.join("×")} pixels, ${codes.shape.join("×")} codes (min / median)`);
  await openPeer(name, { model, config, pixels, codes });
  const compiled = compileCodec(model, compile);
  const callsOf = (codec) => ({
    encode: () => codec.encode(pixels).codes,
    decode: () => codec.decode(codes),
  });
  const [plainCalls, compiledCalls] = [model, compiled].map(callsOf);
  const times = {};
  for (const which of ["encode", "decode"]) {
    await secondsOf(compiledCalls[which], recordedCalls);
    const contestants = [
      { name: "ours, compiled", run: (count) => secondsOf(compiledCalls[which], count) },
      { name: "ours, as it is", run: (count) => secondsOf(plainCalls[which], count) },
      ...["NCHW", "channels last"].map((layout) => ({
        name: `PyTorch, ${layout}`,
        run: async (count) => (await peer.ask({ run: which, layout, calls: count })).seconds,
      })),
    ];
    times[which] = await takeTurns(contestants, turns);
    console.log(`  ${which}`);
    for (const line of timesTable(times[which])) console.log(`    ${line}`);
  }
  tf.dispose([pixels, codes]);
  compiled.dispose();
  model.dispose();
  return times;
}

/** Gives the peer our weights, pixels and results, and checks that it computes the same. */
async function openPeer(name, { model, config, pixels, codes }) {
  const folder = await mkdtemp(join(tmpdir(), "nuwa-bench-"));
  const [latents, decoded] = [model.latents(pixels), model.decode(codes)];
  try {
    const files = {
      weights: join(folder, "weights.safetensors"),
      problem: join(folder, "problem.safetensors"),
    };
    await writeSafetensors(files.weights, await exportTaming(model));
    await writeSafetensors(files.problem, { pixels, codes, latents, decoded });
    const same = await peer.ask({ open: { config, ...files } });
    const { embeddingDim, codebookSize } = config;
    const parameters = parameterCount(model) - codebookSize * (embeddingDim + 1); // without the running means
    console.log(
      `  ${parameters} parameters; PyTorch differs by ${same.latents.toExponential(1)} in latents, ` +
        `${same.decoded.toExponential(1)} in pixels; ${(100 * same.otherCodes).toFixed(1)} % of the codes are others`,
    );
    const fits = same.parameters === parameters && same.otherCodes <= otherCodes;
    if (fits && same.latents <= tolerance && same.decoded <= tolerance) return;
    throw new Error(`${name}: PyTorch computes another function, so times would mean nothing.`);
  } finally {
    tf.dispose([latents, decoded]);
    await rm(folder, { recursive: true, force: true });
  }
}

/** The seconds of each of some calls, until the result can be read. */
async function secondsOf(call, count) {
  const seconds = [];
  for (let index = 0; index < count; index++) {
    const started = performance.now();
    const result = call();
    await result.data();
    seconds.push((performance.now() - started) / 1000);
    result.dispose();
  }
  return seconds;
}
