import { FUSED_KERNELS } from "@nuwa/tensor3d";
import type * as tf from "@tensorflow/tfjs-core";
import { type GroupNormAttributes, groupNorm, groupNormGradient } from "../group-norm/compute.ts";
import { type Kernel, kernel } from "./kernel.ts";

const forward: Kernel<GroupNormAttributes, tf.TensorInfo> = ({ inputs, backend, attrs }) =>
  backend.runOutside(groupNorm, inputs, attrs);

const gradient: Kernel<GroupNormAttributes, tf.TensorInfo[]> = ({ inputs, backend, attrs }) =>
  backend.runOutside(groupNormGradient, inputs, attrs);

/** GroupNorm in WebAssembly: TensorFlow has no operation for groups of channels. */
export const groupNormKernels = [
  kernel(FUSED_KERNELS.groupNorm, forward),
  kernel(FUSED_KERNELS.groupNormGradient, gradient),
];
