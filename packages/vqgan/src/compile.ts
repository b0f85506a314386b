import type * as tf from "@tensorflow/tfjs-core";

export type TensorStep = (...inputs: tf.Tensor[]) => tf.NamedTensorMap;

/** Makes a step over tensors faster, such as `compile` of `@nuwa/backends`. */
export type Compile = (step: TensorStep) => TensorStep & { dispose(): void };
