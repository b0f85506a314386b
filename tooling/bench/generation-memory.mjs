// Whether memory stays flat over many generations, some of them aborted: tensors, the kernel's memory, and the process.

import { parseArgs } from "node:util";
import { kernelMemory, prepareKernels } from "@nuwa/attention-3dna";
import { useBackend } from "@nuwa/backends";
import { decodeSchedule, EncoderDecoder, generate } from "@nuwa/encdec";
import { Rng } from "@nuwa/tensor3d";
import * as tf from "@tensorflow/tfjs-core";
import { settledMemory } from "./lib/settled-memory.mjs";

const { values: options } = parseArgs({
  options: {
    backend: { type: "string", default: "node" },
    generations: { type: "string", default: "1000" },
    threads: { type: "string", default: "2" },
  },
});
const generations = Number(options.generations);
/** Readings that are compared with the first one after the warm-up, which is one of them. */
const readings = 10;
const allowed = 0.05;

const backend = await useBackend(options.backend);
await prepareKernels({ threads: Number(options.threads) });
console.log(`${backend.name}, ${backend.device}, ${backend.detail}`);

const grid = { height: 6, width: 6, frames: 3 };
const model = EncoderDecoder.create(
  {
    dim: 64,
    heads: 4,
    encoderLayers: 1,
    decoderLayers: 3,
    codebookSize: 256,
    textLength: 8,
    textVocabulary: 100,
    sketchCodebookSize: 16,
    targetGrid: grid,
    decoderPattern: { kind: "nearby", extent: [3, 3, 3] },
  },
  new Rng(1),
);
const steps = decodeSchedule({ pattern: model.decoderPattern, grid }).length;
const rng = new Rng(2);

/** One generation; every fourth is aborted at a random step. */
async function generation(index) {
  const controller = new AbortController();
  const last = index % 4 === 3 ? 1 + rng.integers(1, steps)[0] : steps + 1;
  const conditions = [
    { kind: "none" },
    { kind: "text", tokens: rng.integers(8, 100) },
    { kind: "sketch", grid: { ...grid, frames: 1 }, codes: rng.integers(36, 16) },
  ];
  try {
    await generate(model, {
      condition: conditions[index % 3],
      grid,
      sampler: { seed: index, topK: 50 },
      guidance: index % 5 === 0 ? 2 : 1,
      samples: 1 + (index % 2),
      signal: controller.signal,
      onStep: ({ step }) => step === last && controller.abort(),
    });
    return 0;
  } catch (error) {
    if (error !== controller.signal.reason) throw error;
    return 1;
  }
}

async function reading() {
  const { kept, total } = kernelMemory();
  return { rss: await settledMemory(), tensors: tf.memory().numTensors, kept, total };
}

const mebibytes = (bytes) => `${(bytes / 2 ** 20).toFixed(1)} MiB`;
const all = [];
let aborted = 0;
for (let index = 0; index < generations; index++) {
  aborted += await generation(index);
  if ((index + 1) % Math.ceil(generations / readings) !== 0) continue;
  const { rss, tensors, kept, total } = await reading();
  all.push({ rss, tensors, kept, total });
  console.log(
    `${index + 1} generations, ${aborted} aborted: process ${mebibytes(rss)}, ${tensors} tensors, ` +
      `kernel ${mebibytes(total)}, of which caches ${kept} B`,
  );
}
const [first, ...later] = all;
const largest = Math.max(...later.map(({ rss }) => Math.abs(rss / first.rss - 1)));
console.log(`The process's memory moved by at most ${(largest * 100).toFixed(1)} % after the first reading.`);
const moved = ["tensors", "kept", "total"].filter((name) => later.some((one) => one[name] !== first[name]));
if (moved.length > 0) console.log(`Not flat: ${moved.join(", ")}.`);
if (!(largest <= allowed) || moved.length > 0) process.exitCode = 1;
model.dispose();
