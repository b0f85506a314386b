import type * as tf from "@tensorflow/tfjs-core";
import { layerNormBytes } from "../generated/layer-norm-bytes.ts";
import type { Host, Inputs } from "../kernel-host.ts";
import { bytesOf, growTo } from "../kernel-memory.ts";

interface Kernel {
  normalizeRows(
    values: number,
    gain: number,
    offset: number,
    rows: number,
    channels: number,
    epsilon: number,
  ): void;
}

export interface LayerNormAttributes {
  readonly epsilon: number;
}

/** Where the arrays begin. */
const START = 1024;
/** Numbers that are in the kernel's memory at once, 256 kB, so that each row is read from the processor's own cache. */
const PART = 65536;

let compiled: { readonly memory: WebAssembly.Memory; readonly kernel: Kernel } | undefined;

/** `x` `[rows, channels]`, `gain` and `offset` `[channels]` -> the same as x. On one thread. */
export function layerNorm(
  host: Host,
  { x, gain, offset }: Inputs,
  { epsilon }: LayerNormAttributes,
): tf.TensorInfo {
  const [rows, channels] = x.shape;
  const atOnce = Math.min(rows, Math.max(1, Math.floor(PART / channels)));
  const { memory, kernel } = (compiled ??= compile());
  const rowBytes = Math.ceil(channels / 16) * 64;
  const [gainAt, offsetAt, valuesAt] = [START, START + rowBytes, START + 2 * rowBytes];
  growTo(memory, valuesAt + atOnce * channels * 4);
  const floats = (address: number, length: number) => new Float32Array(memory.buffer, address, length);
  host.copyInto(gain, floats(gainAt, channels));
  host.copyInto(offset, floats(offsetAt, channels));
  const result = host.emptyTensor(x.shape);
  for (let first = 0; first < rows; first += atOnce) {
    const count = Math.min(atOnce, rows - first);
    const values = floats(valuesAt, count * channels);
    host.copyInto(x, values, first * channels);
    kernel.normalizeRows(valuesAt, gainAt, offsetAt, count, channels, epsilon);
    host.copyFrom(result, values, first * channels);
  }
  return result;
}

function compile() {
  const memory = new WebAssembly.Memory({ initial: 1 });
  const module = new WebAssembly.Module(bytesOf(layerNormBytes));
  const { exports } = new WebAssembly.Instance(module, { env: { memory } });
  return { memory, kernel: exports as unknown as Kernel };
}
