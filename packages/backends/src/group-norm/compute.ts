import type * as tf from "@tensorflow/tfjs-core";
import type { Host, Inputs } from "../kernel-host.ts";
import { GroupNormRuntime, type Step } from "./runtime.ts";

export interface GroupNormAttributes {
  readonly groups: number;
  readonly epsilon: number;
}

/**
 * Numbers that are in the kernel's memory at once, 256 kB: as many whole pictures as fit, or a part of a larger one, which
 * is copied in again for each pass, so that all passes read from the processor's own cache.
 */
const PART = 65536;

const STATISTICS: readonly Step[] = [
  { pass: "sum", arrays: 1, pooling: "poolSums" },
  { pass: "deviate", arrays: 1, pooling: "poolDeviations" },
];
const FORWARD: readonly Step[] = [...STATISTICS, { pass: "apply", arrays: 1 }];
const GRADIENT: readonly Step[] = [
  ...STATISTICS,
  { pass: "multiply", arrays: 2, pooling: "poolProducts" },
  { pass: "differentiate", arrays: 2 },
];

let compiled: GroupNormRuntime | undefined;

/** `x` `[batch, ..., channels]`, `gain` and `offset` `[channels]` -> the same as x. */
export function groupNorm(host: Host, inputs: Inputs, attributes: GroupNormAttributes): tf.TensorInfo {
  const { x, gain, offset } = inputs;
  const { runtime, parts } = start([x], attributes);
  host.copyInto(gain, runtime.row("gain"));
  host.copyInto(offset, runtime.row("offset"));
  return compute(host, runtime, [x], parts, FORWARD);
}

/** `x`, `dy` and `gain` -> the gradients of x, gain and offset. */
export function groupNormGradient(
  host: Host,
  inputs: Inputs,
  attributes: GroupNormAttributes,
): tf.TensorInfo[] {
  const { x, dy, gain } = inputs;
  const { runtime, parts } = start([x, dy], attributes);
  host.copyInto(gain, runtime.row("gain"));
  const dx = compute(host, runtime, [x, dy], parts, GRADIENT);
  const rows = (["gainGradient", "offsetGradient"] as const).map((name) => {
    const gradient = host.emptyTensor(gain.shape);
    host.copyFrom(gradient, runtime.row(name));
    return gradient;
  });
  return [dx, ...rows];
}

function start(arrays: readonly tf.TensorInfo[], { groups, epsilon }: GroupNormAttributes) {
  const { batch, positions, channels } = sizesOf(arrays[0]);
  const length = Math.min(batch * positions * channels, Math.max(PART, channels));
  compiled ??= new GroupNormRuntime();
  const parts = compiled.start({ positions, channels, groups, epsilon }, arrays.length, length);
  return { runtime: compiled, parts };
}

function sizesOf({ shape }: tf.TensorInfo) {
  const [batch, channels] = [shape[0], shape[shape.length - 1]];
  const positions = shape.slice(1, -1).reduce((product, size) => product * size, 1);
  return { batch, positions, channels };
}

/** Runs steps over every picture; the last one replaces the last array's numbers by the result. */
function compute(
  host: Host,
  runtime: GroupNormRuntime,
  arrays: readonly tf.TensorInfo[],
  parts: readonly Float32Array[],
  steps: readonly Step[],
): tf.TensorInfo {
  const { batch, positions, channels } = sizesOf(arrays[0]);
  const result = host.emptyTensor(arrays[0].shape);
  const [last] = steps.slice(-1);
  const all = batch * positions;
  const atOnce = Math.max(1, Math.floor(PART / channels)); // positions in memory
  if (positions <= atOnce) {
    const span = atOnce - (atOnce % positions);
    for (let first = 0; first < all; first += span) {
      const count = Math.min(span, all - first);
      load(first, count, arrays.length);
      for (let own = 0; own < count; own += positions) {
        eachStep(({ pass }) => runtime.run(pass, own, positions));
      }
      store(first, count);
    }
    return result;
  }
  for (let picture = 0; picture < all; picture += positions) {
    eachStep((step) => {
      for (let first = 0; first < positions; first += atOnce) {
        const count = Math.min(atOnce, positions - first);
        load(picture + first, count, step.arrays);
        runtime.run(step.pass, 0, count);
        if (step === last) store(picture + first, count);
      }
    });
  }
  return result;

  function eachStep(run: (step: Step) => void): void {
    runtime.begin();
    for (const step of steps) {
      run(step);
      if (step.pooling) runtime.pool(step.pooling);
    }
  }

  function load(first: number, count: number, arrayCount: number): void {
    for (let index = 0; index < arrayCount; index++) {
      host.copyInto(arrays[index], parts[index].subarray(0, count * channels), first * channels);
    }
  }

  function store(first: number, count: number): void {
    host.copyFrom(result, parts[arrays.length - 1].subarray(0, count * channels), first * channels);
  }
}
