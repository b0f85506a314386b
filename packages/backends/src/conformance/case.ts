import type * as tf from "@tensorflow/tfjs-core";

/** What a case computes from the inputs that the fixture holds for it. */
export type Run = (...inputs: tf.Tensor[]) => tf.Tensor | readonly tf.Tensor[];

/** By the names that tooling/oracle/conformance_cases.py and conformance_networks.py use. */
export type Cases = Readonly<Record<string, Run>>;
