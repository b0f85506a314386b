import { dropout, type LayerNorm } from "@nuwa/tensor3d";
import * as tf from "@tensorflow/tfjs-core";

export interface ResidualOptions {
  /** Applied to the branch before it is added: the sandwich norm (CogView, arXiv 2105.13290). Default: none. */
  readonly norm?: LayerNorm;
  /** Share of the branch's features that are dropped where there is a `mask`, that is in training. Default 0. */
  readonly dropout?: number;
  /** Bool, of the branch's shape. */
  readonly mask?: tf.Tensor;
}

/** `x + dropout(norm(branch))`, of equal shapes. */
export function addBranch(x: tf.Tensor, branch: tf.Tensor, options: ResidualOptions): tf.Tensor {
  const { norm, dropout = 0, mask } = options;
  return tf.tidy(() => tf.add(x, drop(norm?.apply(branch) ?? branch, dropout, mask)));
}

/** Dropout where there is a mask, that is in training; else `x` itself. */
export function drop<T extends tf.Tensor>(x: T, rate: number, mask: tf.Tensor | undefined): T {
  return mask ? dropout(x, rate, mask) : x;
}
