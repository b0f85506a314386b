import type * as tf from "@tensorflow/tfjs-core";

type WebGPUBackend = import("@tensorflow/tfjs-backend-webgpu").WebGPUBackend;

/** A compute shader over float32 tensors, all seen as flat arrays. */
export interface Shader {
  readonly name: string;
  /** Each must occur in the code: WebGPU drops a binding that does not, and tfjs binds it. */
  readonly inputs: Readonly<Record<string, tf.TensorInfo>>;
  /** Of the result, the array `result`. */
  readonly shape: readonly number[];
  /** Read as `uniforms.name`. */
  readonly integers: Readonly<Record<string, number>>;
  readonly floats?: Readonly<Record<string, number>>;
  /** Threads of a workgroup. */
  readonly threads: number;
  readonly workgroups: number;
  /** WGSL with `fn main()`, which finds its workgroup by `workgroupId.y * numWorkgroups.x + workgroupId.x`. */
  readonly code: string;
}

/** The most workgroups along an axis that every device takes. */
const widest = 65535;

export function runShader(backend: WebGPUBackend, shader: Shader): tf.TensorInfo {
  const { inputs, integers, floats = {} } = shader;
  const infos = Object.values(inputs).map((info) => ({ ...info, shape: [sizeOf(info.shape)] }));
  const y = Math.ceil(shader.workgroups / widest);
  const program = {
    variableNames: Object.keys(inputs),
    outputShape: [sizeOf(shader.shape)],
    uniforms: [
      ...Object.keys(integers).map((name) => `${name} : i32, `),
      ...Object.keys(floats).map((name) => `${name} : f32, `),
    ].join(""),
    workgroupSize: [shader.threads, 1, 1] as [number, number, number],
    dispatch: [Math.ceil(shader.workgroups / y), y, 1] as [number, number, number],
    dispatchLayout: { x: [0], y: [0] }, // a `y` makes tfjs call main() without arguments
    shaderKey: `nuwa-${shader.name}`,
    getUserCode: () => shader.code,
  };
  const uniforms = [
    ...Object.values(integers).map((value) => ({ type: "int32", data: [value] })),
    ...Object.values(floats).map((value) => ({ type: "float32", data: [value] })),
  ];
  const { dataId, dtype } = backend.runWebGPUProgram(program, infos, "float32", uniforms);
  return { dataId, dtype, shape: [...shader.shape] };
}

function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}
