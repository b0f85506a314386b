import type * as tf from "@tensorflow/tfjs-core";

/** A network whose features of pictures the Fréchet distance compares. */
export interface Embedding {
  /** Of the network, its weights and its layer: distances are comparable under one name only. */
  readonly name: string;
  readonly dim: number;
  /** Pixels `[b, H, W, 3]` in [-1, 1] -> features `[b, dim]`, which belong to the caller. */
  embed(pixels: tf.Tensor4D): tf.Tensor2D;
}
