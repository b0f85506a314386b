import type * as tf from "@tensorflow/tfjs-core";

/** What the kernels use of a GPUBuffer. */
export interface DeviceBuffer {
  getMappedRange(): ArrayBuffer;
  unmap(): void;
}

/** What the kernels use of a GPUDevice. */
export interface Device {
  readonly limits: { readonly maxStorageBufferBindingSize: number };
  createBuffer(descriptor: { size: number; usage: number; mappedAtCreation: boolean }): DeviceBuffer;
}

/** tfjs's description of a compute shader with one output. */
export interface WebgpuProgram {
  readonly variableNames: string[];
  /** Numbers in an element of each input's array: 1, or 4 for `vec4<f32>`. */
  readonly variableComponents: number[];
  readonly outputShape: number[];
  readonly outputComponent: number;
  readonly uniforms: string;
  readonly workgroupSize: [number, number, number];
  readonly dispatch: [number, number, number];
  readonly dispatchLayout: { readonly x: number[]; readonly y: number[] };
  /** tfjs adds the ranks and types of the tensors. */
  shaderKey: string;
  getUserCode(): string;
}

export interface UniformData {
  readonly type: "int32" | "float32";
  readonly data: number[];
}

/** What the kernels use of tfjs-backend-webgpu, of which this package imports nothing. */
export interface WebgpuBackend {
  readonly device: Device;
  readonly adapterInfo?: { readonly architecture?: string };
  runWebGPUProgram(
    program: WebgpuProgram,
    inputs: tf.TensorInfo[],
    dtype: tf.DataType,
    uniforms: UniformData[],
  ): tf.TensorInfo;
  createTensorFromGPUData(
    data: { buffer: DeviceBuffer; zeroCopy: boolean },
    shape: number[],
    dtype: tf.DataType,
  ): tf.Tensor;
  disposeData(dataId: tf.TensorInfo["dataId"]): boolean;
}
