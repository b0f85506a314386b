import type * as tf from "@tensorflow/tfjs-core";

/** Gradients that tfjs-core lacks or has wrong, by kernel. */
export const repairedGradients: readonly tf.GradConfig[] = [];
