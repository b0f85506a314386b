// Builds, saves, loads and runs a named config: how long each takes, and how much memory it needs at most.
import { fork } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, stat } from "node:fs/promises";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { prepareKernels } from "@nuwa/attention-3dna";
import { useBackend } from "@nuwa/backends";
import { EncoderDecoder, loadModel, namedConfig, parameterCounts, saveModel } from "@nuwa/encdec";
import { imageGrid, parameterCount, Rng, tokenCount, videoGrid } from "@nuwa/tensor3d";
import { readSafetensors, writeSafetensors } from "@nuwa/tensor3d/node";
import * as tf from "@tensorflow/tfjs-core";
import { forgetPeakMemory, peakMemory } from "./lib/peak-memory.mjs";

const { values: options } = parseArgs({
  options: {
    config: { type: "string", default: "nuwa-870m" },
    folder: { type: "string", default: tmpdir() },
    threads: { type: "string", default: String(availableParallelism()) },
    seed: { type: "string", default: "0" },
    part: { type: "string" }, // the script's own: each part is a process, so that none pays for another's memory
  },
});
const config = namedConfig(options.config);
const { blocks, total } = parameterCounts(config);
const rng = new Rng(Number(options.seed));
const image = imageGrid(config.targetGrid.height, config.targetGrid.width);
const parts = { build, load };

if (options.part) {
  await useBackend("node", { threads: Number(options.threads) });
  await prepareKernels();
  await parts[options.part](
    join(options.folder, "model.safetensors"),
    join(options.folder, "logits.safetensors"),
  );
  process.exit();
}

console.log(`${options.config}: ${millions(blocks)} parameters in the blocks, ${millions(total)} in all`);
const folder = await mkdtemp(join(options.folder, "nuwa-large-model-"));
try {
  for (const part of Object.keys(parts)) {
    const [code] = await once(
      fork(process.argv[1], [...process.argv.slice(2), "--folder", folder, "--part", part]),
      "exit",
    );
    if (code !== 0) throw new Error(`The part ${part} failed.`);
  }
} finally {
  await rm(folder, { recursive: true });
}

async function build(file, logitsFile) {
  const model = await measure("build", () => EncoderDecoder.create(config, rng.fork("weights")));
  if (parameterCount(model) !== total) throw new Error(`The model has ${parameterCount(model)} parameters.`);
  await measure("save", () => writeSafetensors(file, saveModel(model).tensors));
  console.log(`a file of ${gigabytes((await stat(file)).size)}`);
  const data = await measure("image", () => logitsOf(model, image));
  await writeSafetensors(logitsFile, { logits: { shape: [data.length], data } });
}

async function load(file, logitsFile) {
  const model = await measure("load", async () => {
    const { tensors } = await readSafetensors(file);
    return loadModel({ config, tensors });
  });
  const actual = await measure("image", () => logitsOf(model, image));
  const { data: expected } = (await readSafetensors(logitsFile)).tensors.logits;
  if (!actual.every((logit, index) => logit === expected[index])) {
    throw new Error("The loaded model's logits are not those of the saved one.");
  }
  await measure("again", () => logitsOf(model, image));
  await measure("video", () => logitsOf(model, videoGrid(7, 7, 3)));
}

/** The logits of random codes given a random text. */
async function logitsOf(model, grid) {
  const { codebookSize, textLength, textVocabulary } = model.config;
  const count = tokenCount(grid);
  const tokens = rng.fork("text").integers(textLength, textVocabulary);
  const targets = tf.tensor2d(rng.fork("codes").integers(count, codebookSize), [1, count], "int32");
  const logits = model.logits({ conditions: [{ kind: "text", tokens }], targets, grid });
  const values = await logits.data();
  tf.dispose([targets, logits]);
  if (!values.every(Number.isFinite)) throw new Error("Some logits are not finite.");
  return values;
}

/** Prints how long `work` takes, and the largest working set meanwhile. */
async function measure(name, work) {
  forgetPeakMemory();
  const started = performance.now();
  const result = await work();
  const seconds = (performance.now() - started) / 1000;
  console.log(`${name.padEnd(6)} ${seconds.toFixed(1).padStart(6)} s, at most ${gigabytes(peakMemory())}`);
  return result;
}

function millions(count) {
  return `${(count / 1e6).toFixed(1)}M`;
}

function gigabytes(bytes) {
  return `${(bytes / 1e9).toFixed(2)} GB`;
}
