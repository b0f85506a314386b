// A decoding step on WebGPU: what it asks of the device, the host's time for it, and a replay of its dispatches.
import { parseArgs } from "node:util";
import { checkErrors, closeWebgpu, registerWebgpu } from "@nuwa/backends/webgpu";
import { EncoderDecoder } from "@nuwa/encdec";
import { FUSED_KERNELS, Rng } from "@nuwa/tensor3d";
import * as tf from "@tensorflow/tfjs-core";
import { decodeSteps } from "./lib/decode-steps.mjs";
import { timeCalls } from "./lib/device-calls.mjs";
import { recordDispatches } from "./lib/device-replay.mjs";
import { summarize } from "./lib/summary.mjs";

const common = {
  encoderLayers: 2,
  codebookSize: 1024,
  textLength: 16,
  textVocabulary: 64,
  targetGrid: { height: 8, width: 8, frames: 4 },
  decoderPattern: { kind: "nearby", extent: [3, 3, 3] },
};
const sizes = {
  small: { ...common, dim: 64, heads: 4, decoderLayers: 2 },
  deep: { ...common, dim: 64, heads: 4, decoderLayers: 12 },
  large: { ...common, dim: 512, heads: 8, decoderLayers: 12 },
};

const { values: given } = parseArgs({
  options: {
    size: { type: "string", multiple: true, default: ["small", "deep"] },
    steps: { type: "string", default: "9" },
    rounds: { type: "string", default: "7" },
    replays: { type: "string", default: "20" },
    composed: { type: "boolean", default: false },
  },
});
for (const name of given.size) {
  if (!(name in sizes)) throw new Error(`--size: wanted ${Object.keys(sizes).join(", ")}, got ${name}.`);
}
const [steps, rounds, replays] = ["steps", "rounds", "replays"].map((name) => Number(given[name]));

const selected = await registerWebgpu({ allowSoftware: true });
const backend = tf.backend();
console.log(`${selected.device}: ${selected.detail}`);
if (given.composed) {
  for (const kernel of ["layerNorm", "linearGelu"]) tf.unregisterKernel(FUSED_KERNELS[kernel], "webgpu");
}
for (const name of given.size) await measure(name, sizes[name]);
checkErrors();
await closeWebgpu();

async function measure(name, config) {
  const { dim, decoderLayers } = config;
  const model = EncoderDecoder.create(config, new Rng(0));
  console.log(`\n${name}: d ${dim}, ${decoderLayers} layers; steps 2 to ${steps}`);
  const times = await stepTimes(model);
  const mean = (which) => meanOf(times.map((step) => fastest(step, which)));
  console.log(
    `  a step, mean of minima: host ${shown(mean("host"))}, until it is read ${shown(mean("whole"))}`,
  );
  await printCalls(model);
  await printReplay(model, times.at(-1));
  model.dispose();
}

/** By step but the first, which comes with the encoder, the times of each round. */
async function stepTimes(model) {
  const times = [];
  for (let round = -1; round < rounds; round++) {
    await decodeSteps(model, steps, {
      end(step, { host, whole }) {
        if (round >= 0 && step > 0) (times[step - 1] ??= []).push({ host, whole });
      },
    });
  }
  return times;
}

/** Timing each call takes time itself: these are shares. */
async function printCalls(model) {
  const calls = timeCalls(backend.device);
  await decodeSteps(model, steps, {
    end(step) {
      if (step === 0) calls.reset();
    },
  });
  calls.restore();
  for (const [call, { count, milliseconds }] of Object.entries(calls.totals)) {
    const each = (count / (steps - 1)).toFixed(1);
    console.log(`    ${call.padEnd(22)}${each.padStart(7)} a step, ${shown(milliseconds / (steps - 1))}`);
  }
}

/** The last step's dispatches again, against the step itself. */
async function printReplay(model, times) {
  const recorder = recordDispatches(backend);
  await decodeSteps(model, steps, {
    begin(step) {
      if (step === steps - 1) recorder.begin();
    },
    async end(step, { id, values }) {
      if (step === steps - 1) await recorder.replay(replays, id, values);
    },
  });
  recorder.restore();
  const ratio = (which) => {
    const [own, again] = [fastest(times, which), fastest(recorder.times, which)];
    return `${shown(again)} instead of ${shown(own)} (${(again / own).toFixed(2)})`;
  };
  console.log(`  step ${steps} as a replay of ${recorder.dispatches} dispatches: host ${ratio("host")},`);
  console.log(`    until it is read ${ratio("whole")}`);
}

function fastest(times, which) {
  return summarize(times.map((time) => time[which])).min;
}

function meanOf(values) {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function shown(milliseconds) {
  return `${milliseconds.toFixed(2)} ms`;
}
