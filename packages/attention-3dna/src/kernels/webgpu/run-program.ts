import { NuwaError } from "@nuwa/tensor3d";
import type * as tf from "@tensorflow/tfjs-core";
import type { WebgpuBackend } from "./webgpu-backend.ts";

export interface ProgramInput {
  readonly name: string;
  readonly info: tf.TensorInfo;
  /** Numbers in an element of the array that the shader reads: 1, or 4 for `vec4<f32>`. */
  readonly components: number;
}

/** A compute shader over float32 tensors and tables, all seen as flat arrays. */
export interface Program {
  /** Names everything that is baked into the code. */
  readonly key: string;
  /** Each must occur in the code: WebGPU drops a binding that does not, and tfjs binds it. */
  readonly inputs: readonly ProgramInput[];
  readonly output: { readonly shape: readonly number[]; readonly components: number };
  /** At least one must occur in the code. */
  readonly integers: Readonly<Record<string, number>>;
  readonly floats?: Readonly<Record<string, number>>;
  readonly workgroupSize: number;
  readonly workgroups: number;
  code(): string;
}

/** The largest dispatch along an axis that every device takes. */
const widest = 65535;

/** @throws NuwaError `BACKEND` when a tensor or table is larger than what the device can bind */
export function runProgram(backend: WebgpuBackend, program: Program): tf.TensorInfo {
  const { inputs, output, integers, floats = {} } = program;
  const flat = inputs.map(({ info }) => ({ ...info, shape: [sizeOf(info.shape)] }));
  const outputShape = [sizeOf(output.shape)];
  const limit = backend.device.limits.maxStorageBufferBindingSize;
  flat.forEach(({ shape }, index) => {
    assertBindable(inputs[index].name, shape[0], limit);
  });
  assertBindable("result", outputShape[0], limit);
  const uniforms = [
    ...Object.keys(integers).map((name) => `${name} : i32, `),
    ...Object.keys(floats).map((name) => `${name} : f32, `),
  ];
  const data = [
    ...Object.values(integers).map((value) => ({ type: "int32" as const, data: [value] })),
    ...Object.values(floats).map((value) => ({ type: "float32" as const, data: [value] })),
  ];
  const description = {
    variableNames: inputs.map(({ name }) => name),
    variableComponents: inputs.map(({ components }) => components),
    outputShape,
    outputComponent: output.components,
    uniforms: uniforms.join(""),
    workgroupSize: [program.workgroupSize, 1, 1] as [number, number, number],
    dispatch: dispatchOf(program.workgroups),
    dispatchLayout: { x: [0], y: [0] }, // a `y` makes tfjs call main() without arguments
    shaderKey: `nuwa-attention-${program.key}`,
    getUserCode: () => program.code(),
  };
  const { dataId, dtype } = backend.runWebGPUProgram(description, flat, "float32", data);
  return { dataId, dtype, shape: [...output.shape] };
}

/** Two axes that cover at least so many workgroups. */
export function dispatchOf(workgroups: number): [number, number, number] {
  const y = Math.max(1, Math.ceil(workgroups / widest));
  return [Math.ceil(workgroups / y), y, 1];
}

function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}

function assertBindable(name: string, size: number, limit: number): void {
  if (size * 4 <= limit) return;
  throw new NuwaError(
    "BACKEND",
    `attention on webgpu: "${name}" takes ${size * 4} bytes, but this device binds at most ${limit} at once. Use a smaller batch or grid.`,
  );
}
