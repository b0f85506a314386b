import type * as tf from "@tensorflow/tfjs-core";

/** How a backend's values come into the kernel's memory and out of it. */
export interface Host {
  /** Copies values of a tensor, from element `begin` on. */
  copyInto(tensor: tf.TensorInfo, to: Float32Array, begin?: number): void;
  /** A float32 tensor to be filled. */
  emptyTensor(shape: number[]): tf.TensorInfo;
  /** Fills it from element `begin` on. */
  copyFrom(tensor: tf.TensorInfo, values: Float32Array, begin?: number): void;
}

/** Tensors by name. */
export type Inputs = Readonly<Record<string, tf.TensorInfo>>;
