import { dropout, type Rng } from "@nuwa/tensor3d";
import type * as tf from "@tensorflow/tfjs-core";

/** Dropout where there is an `rng`, that is in training; else `x` itself. */
export function drop<T extends tf.Tensor>(x: T, rate: number, rng: Rng | undefined): T {
  return rng && rate > 0 ? dropout(x, rate, rng) : x;
}
