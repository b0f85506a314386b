import { FUSED_KERNELS } from "@nuwa/tensor3d";
import type * as tf from "@tensorflow/tfjs-core";
import { type Kernel, kernel } from "./kernel.ts";
import type { OutsideKernel } from "./observer.ts";

/** Another tensor of the same values, which are not copied. */
const same: OutsideKernel<object, tf.TensorInfo> = (backend, { x }) => {
  const { binding } = backend;
  return backend.createOutputTensor(binding.describe(binding.share(backend.idOf(x))));
};

const boundary: Kernel<object, tf.TensorInfo> = ({ inputs, backend }) => backend.runOutside(same, inputs, {});

/** As a kernel outside of TensorFlow, a boundary parts the functions of a compiled step. */
export const boundaryKernel = kernel(FUSED_KERNELS.boundary, boundary);
