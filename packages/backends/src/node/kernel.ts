import type { KernelConfig, KernelFunc, Tensor, TensorInfo } from "@tensorflow/tfjs-core";
import type { NodeBackend } from "./node-backend.ts";

/** A kernel of the node backend: attributes in, a tensor or several out. */
export type Kernel<Attributes extends object, Result extends TensorInfo | TensorInfo[] = Tensor> = (args: {
  readonly inputs: Readonly<Record<string, TensorInfo>>;
  readonly backend: NodeBackend;
  readonly attrs: Attributes;
}) => Result;

/** The name under which tfjs knows the backend, which the kernels of tfjs-node are made for. */
export const BACKEND_NAME = "tensorflow";

/** What tfjs registers for a kernel. */
export function kernel<Attributes extends object>(
  kernelName: string,
  run: Kernel<Attributes, TensorInfo | TensorInfo[]>,
): KernelConfig {
  return { kernelName, backendName: BACKEND_NAME, kernelFunc: run as unknown as KernelFunc };
}
