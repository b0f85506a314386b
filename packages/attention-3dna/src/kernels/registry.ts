import * as tf from "@tensorflow/tfjs-core";
import {
  ATTENTION,
  ATTENTION_GRADIENT,
  type AttentionAttributes,
  type AttentionInputs,
  type FusedKernels,
  type GradientInputs,
} from "./kernel.ts";
import { cpuKernels } from "./wasm/kernels.ts";
import { canCompile } from "./wasm/prepare.ts";
import { webgpuKernels } from "./webgpu/index.ts";

/** tfjs's names of the backends that have fused kernels; `tensorflow` is tfjs-node's and `@nuwa/backends`' node backend. */
const kernelsOf: Readonly<Record<string, FusedKernels>> = {
  cpu: cpuKernels,
  wasm: cpuKernels,
  tensorflow: cpuKernels,
  webgpu: webgpuKernels,
};

/** Whether the current backend's kernels compute on the CPU, in WebAssembly. */
export function computesOnHost(): boolean {
  return kernelsOf[tf.getBackend()] === cpuKernels && canCompile();
}

/** Registers the fused kernels of the current backend at their first use. Returns whether there are any. */
export function fusedKernelsReady(): boolean {
  const backendName = tf.getBackend();
  if (tf.getKernel(ATTENTION, backendName)) return true;
  const kernels = kernelsOf[backendName];
  if (!kernels || (kernels === cpuKernels && !canCompile())) return false;
  tf.registerKernel({
    kernelName: ATTENTION,
    backendName,
    kernelFunc: ({ inputs, attrs, backend }) =>
      kernels.forward(
        backend as tf.KernelBackend,
        inputs as unknown as AttentionInputs,
        attrs as unknown as AttentionAttributes,
      ),
  });
  tf.registerKernel({
    kernelName: ATTENTION_GRADIENT,
    backendName,
    kernelFunc: ({ inputs, attrs, backend }) =>
      kernels.gradient(
        backend as tf.KernelBackend,
        inputs as unknown as GradientInputs,
        attrs as unknown as AttentionAttributes,
      ),
  });
  return true;
}
