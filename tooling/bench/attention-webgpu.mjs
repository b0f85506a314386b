// Attention with its gradients on WebGPU: fused kernels against the composed dense version, in turns within one run.
import { parseArgs } from "node:util";
import { attend, attendDense, nearby, neighbourTable } from "@nuwa/attention-3dna";
import { checkErrors, closeWebgpu, registerWebgpu } from "@nuwa/backends/webgpu";
import { Rng, randomNormal, videoGrid } from "@nuwa/tensor3d";
import * as tf from "@tensorflow/tfjs-core";
import { summarize } from "./lib/summary.mjs";

const { values: given } = parseArgs({
  options: {
    size: { type: "string", default: "4x8x8" },
    extent: { type: "string", default: "3x3x3" },
    heads: { type: "string", default: "4" },
    "head-dim": { type: "string", default: "32" },
    batch: { type: "string", default: "1" },
    rounds: { type: "string", default: "7" },
    bias: { type: "boolean", default: false },
    "fused-only": { type: "boolean", default: false },
  },
});
const [batch, heads, headDim, rounds] = ["batch", "heads", "head-dim", "rounds"].map((name) =>
  Number(given[name]),
);
const [frames, height, width] = triple("size");
const [extentFrames, extentHeight, extentWidth] = triple("extent");
/** Result and gradients agree up to rounding, relative to their largest value. */
const tolerance = 1e-4;

const selected = await registerWebgpu({ allowSoftware: true });
tf.env().set("WEBGPU_CPU_FORWARD", false);
const backend = tf.backend();
console.log(`${selected.device}: ${selected.detail}`);

const queryGrid = videoGrid(height, width, frames);
const pattern = nearby({ extent: { frames: extentFrames, height: extentHeight, width: extentWidth } });
const table = neighbourTable(pattern, { queryGrid, causal: true });
const tokens = frames * height * width;
const columns = extentFrames * extentHeight * extentWidth;
console.log(
  `${given.size} tokens, ${pattern.name}, causal, ${table.keys.length} pairs; batch ${batch}, ${heads} heads x ${headDim}`,
);

const rng = new Rng(1);
const [query, key, value, dy] = Array.from({ length: 4 }, () =>
  randomNormal([batch, heads, tokens, headDim], rng),
);
const bias = given.bias && {
  values: randomNormal([heads, columns], rng),
  offsetOf: rng.integers(table.keys.length, columns),
};
const inputs = bias ? [query, key, value, bias.values] : [query, key, value];

const runners = { fused: () => results(attend) };
const denseBytes = batch * heads * tokens ** 2 * 4;
const bindable = backend.device.limits.maxStorageBufferBindingSize;
if (given["fused-only"]) console.log("  dense: left out, as asked");
else if (denseBytes <= bindable) runners.dense = () => results(attendDense);
else
  console.log(
    `  dense: left out, its scores take ${denseBytes} bytes; this device binds at most ${bindable}`,
  );

await compare();
const seconds = Object.fromEntries(Object.keys(runners).map((name) => [name, []]));
for (let round = -1; round < rounds; round++) {
  for (const [name, runner] of Object.entries(runners)) {
    const started = performance.now();
    const computed = runner();
    await finished();
    if (round >= 0) seconds[name].push((performance.now() - started) / 1000);
    tf.dispose(computed);
  }
}
checkErrors();
const medians = {};
for (const [name, times] of Object.entries(seconds)) {
  const { min, median, max } = summarize(times);
  medians[name] = median;
  const [low, middle, high] = [min, median, max].map((time) => (time * 1000).toFixed(1));
  console.log(`  ${name.padEnd(5)} min / median / max: ${low} / ${middle} / ${high} ms`);
}
if (runners.dense) console.log(`  dense over fused, medians: ${(medians.dense / medians.fused).toFixed(1)}`);
await closeWebgpu();

/** The result and the gradients of query, key, value and the bias. */
function results(run) {
  const options = { pattern, queryGrid, causal: true };
  const f = (q, k, v, values) =>
    run(q, k, v, { ...options, ...(values && { bias: { values, offsetOf: bias.offsetOf } }) });
  const { value: y, grads } = tf.valueAndGrads(f)(inputs, dy);
  return [y, ...grads];
}

/** Fails when the two versions disagree: then their times mean nothing. */
async function compare() {
  if (!runners.dense) return;
  const [actual, expected] = [runners.fused(), runners.dense()];
  const errors = [];
  for (let index = 0; index < actual.length; index++) {
    const [got, wanted] = await Promise.all([actual[index].data(), expected[index].data()]);
    const largest = wanted.reduce((most, number) => Math.max(most, Math.abs(number)), 0);
    errors.push(got.reduce((most, number, at) => Math.max(most, Math.abs(number - wanted[at])), 0) / largest);
  }
  tf.dispose([actual, expected]);
  console.log(`  largest differences: ${errors.map((error) => error.toExponential(1)).join(", ")}`);
  if (errors.some((error) => !(error <= tolerance))) throw new Error("The versions disagree.");
}

async function finished() {
  backend.ensureCommandEncoderReady();
  backend.endComputePassEncoder();
  backend.submitQueue();
  await backend.device.queue.onSubmittedWorkDone();
}

function triple(name) {
  const numbers = given[name].split("x").map(Number);
  if (numbers.length === 3 && numbers.every((number) => Number.isInteger(number) && number > 0))
    return numbers;
  throw new Error(`--${name}: wanted FRAMESxHEIGHTxWIDTH, such as 4x8x8, got ${given[name]}.`);
}
