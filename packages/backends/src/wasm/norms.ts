import { FUSED_KERNELS } from "@nuwa/tensor3d";
import * as tf from "@tensorflow/tfjs-core";
import { groupNorm, groupNormGradient } from "../group-norm/compute.ts";
import { canCompile } from "../group-norm/runtime.ts";
import type { Host, Inputs } from "../kernel-host.ts";
import { layerNorm } from "../layer-norm/compute.ts";

/** What tfjs's wasm backend offers: its tensors are views of its heap, which moves when it grows. */
interface WasmBackend extends tf.KernelBackend {
  typedArrayFromHeap(tensor: tf.TensorInfo): Float32Array;
  makeOutput(shape: number[], dtype: "float32"): tf.TensorInfo;
}

/** GroupNorm and LayerNorm by kernels of our own, where the engine has vectors. */
export function addNorms(): void {
  add(FUSED_KERNELS.groupNorm, groupNorm);
  add(FUSED_KERNELS.groupNormGradient, groupNormGradient);
  add(FUSED_KERNELS.layerNorm, layerNorm);
}

function add<Attributes>(
  kernelName: string,
  run: (host: Host, inputs: Inputs, attributes: Attributes) => tf.TensorInfo | tf.TensorInfo[],
): void {
  if (!canCompile() || tf.getKernel(kernelName, "wasm") !== undefined) return;
  tf.registerKernel({
    kernelName,
    backendName: "wasm",
    kernelFunc: ({ inputs, attrs, backend }) =>
      run(hostOf(backend as WasmBackend), inputs as Inputs, attrs as Attributes),
  });
}

function hostOf(backend: WasmBackend): Host {
  return {
    copyInto: (tensor, to, begin = 0) =>
      to.set(backend.typedArrayFromHeap(tensor).subarray(begin, begin + to.length)),
    emptyTensor: (shape) => backend.makeOutput(shape, "float32"),
    copyFrom: (tensor, values, begin = 0) => backend.typedArrayFromHeap(tensor).set(values, begin),
  };
}
