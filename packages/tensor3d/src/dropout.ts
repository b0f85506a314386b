import * as tf from "@tensorflow/tfjs-core";
import { NuwaError } from "./errors.ts";
import type { Rng } from "./rng.ts";

/**
 * Sets a share `rate` of the elements to 0 and multiplies the others by `1 / (1 - rate)`. The mask is drawn
 * from `rng`, 16 bits an element, so it is the same on every backend; the rate is rounded to 2^-16.
 *
 * @param rate from 0 (gives `x` back unchanged, as a new tensor) to below 1
 * @throws NuwaError `INPUT`
 */
export function dropout<T extends tf.Tensor>(x: T, rate: number, rng: Rng): T {
  if (!(rate >= 0 && rate < 1)) {
    throw new NuwaError("INPUT", `dropout: rate must lie in [0, 1), got ${rate}.`);
  }
  const dropped = Math.min(Math.round(rate * 65536), 65535);
  if (dropped === 0) return tf.clone(x);
  return tf.tidy(() => tf.mul(x, tf.tensor(mask(x.size, dropped, rng), x.shape, "float32")) as T);
}

function mask(size: number, dropped: number, rng: Rng): Float32Array {
  const kept = 65536 / (65536 - dropped);
  const values = new Float32Array(size);
  const words = rng.words(Math.ceil(size / 2));
  for (let index = 0; index < size; index += 2) {
    const word = words[index >>> 1];
    if ((word & 0xffff) >= dropped) values[index] = kept;
    if (index + 1 < size && word >>> 16 >= dropped) values[index + 1] = kept;
  }
  return values;
}
