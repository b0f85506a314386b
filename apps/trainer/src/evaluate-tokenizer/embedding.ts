import { isNuwaError } from "@nuwa/tensor3d";
import * as tf from "@tensorflow/tfjs-core";

/** A network whose features of pictures the Fréchet distance compares. */
export interface Embedding {
  /** Of the network, its weights and its layer: distances are comparable under one name only. */
  readonly name: string;
  readonly dim: number;
  /** Pixels `[b, H, W, 3]` in [-1, 1] -> features `[b, dim]`, which belong to the caller. */
  embed(pixels: tf.Tensor4D): tf.Tensor2D;
  dispose(): void;
}

/** What a network says against pictures of a size, found with a grey one; undefined where it reads them. */
export function objectionTo(embedding: Embedding, size: number): string | undefined {
  try {
    tf.tidy(() => void embedding.embed(tf.zeros([1, size, size, 3])));
    return undefined;
  } catch (error) {
    if (isNuwaError(error) && error.code === "SHAPE") return error.message;
    throw error;
  }
}
