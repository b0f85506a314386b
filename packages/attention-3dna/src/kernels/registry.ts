import * as tf from "@tensorflow/tfjs-core";
import { ATTENTION, ATTENTION_GRADIENT, type AttentionAttributes, type FusedKernels } from "./kernel.ts";
import { runKernel } from "./wasm/host.ts";
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
  register(ATTENTION, backendName, kernels.forward);
  register(ATTENTION_GRADIENT, backendName, kernels.gradient);
  return true;
}

function register<Inputs>(
  kernelName: string,
  backendName: string,
  kernel: (backend: tf.KernelBackend, inputs: Inputs, attributes: AttentionAttributes) => tf.TensorInfo[],
): void {
  tf.registerKernel({
    kernelName,
    backendName,
    kernelFunc: ({ inputs, attrs, backend }) =>
      runKernel(
        backend as tf.KernelBackend,
        kernel,
        inputs as unknown as Inputs,
        attrs as unknown as AttentionAttributes,
      ),
  });
}
