import * as tf from "@tensorflow/tfjs-core";
import { NuwaError } from "./errors.ts";
import type { Rng } from "./rng.ts";
import { assertShape } from "./shape.ts";

/**
 * Sets a share `rate` of the elements to 0 and multiplies the others by `1 / (1 - rate)`.
 *
 * @param rate from 0 (gives `x` back unchanged, as a new tensor) to below 1, rounded to 2^-16
 * @param source what the mask is drawn from, or one of `dropoutMask`, of `x`'s shape: the input of a compiled step
 * @throws NuwaError `INPUT` or `SHAPE`
 */
export function dropout<T extends tf.Tensor>(x: T, rate: number, source: Rng | tf.Tensor): T {
  const dropped = droppedOf65536(rate);
  if (source instanceof tf.Tensor) assertShape("dropout mask", source, x.shape);
  if (dropped === 0) return tf.clone(x);
  return tf.tidy(() => {
    const mask = source instanceof tf.Tensor ? source : dropoutMask(x.shape, rate, source);
    return tf.mul(x, tf.mul(tf.cast(mask, "float32"), 65536 / (65536 - dropped))) as T;
  });
}

/**
 * What `dropout` keeps: bool, drawn from `rng` with 16 bits an element, so it is the same on every backend. The caller
 * disposes it.
 *
 * @param rate from 0 (keeps all, and draws nothing) to below 1, rounded to 2^-16
 * @throws NuwaError `INPUT`
 */
export function dropoutMask(shape: readonly number[], rate: number, rng: Rng): tf.Tensor {
  const dropped = droppedOf65536(rate);
  const size = tf.util.sizeFromShape([...shape]);
  const kept = dropped === 0 ? new Uint8Array(size).fill(1) : draw(size, dropped, rng);
  return tf.tensor(kept, [...shape], "bool");
}

function droppedOf65536(rate: number): number {
  if (rate >= 0 && rate < 1) return Math.min(Math.round(rate * 65536), 65535);
  throw new NuwaError("INPUT", `dropout: rate must lie in [0, 1), got ${rate}.`);
}

function draw(size: number, dropped: number, rng: Rng): Uint8Array {
  const kept = new Uint8Array(size);
  const words = rng.words(Math.ceil(size / 2));
  for (let index = 0; index < size; index += 2) {
    const word = words[index >>> 1];
    kept[index] = (word & 0xffff) >= dropped ? 1 : 0;
    kept[index + 1] = word >>> 16 >= dropped ? 1 : 0; // past the end of an odd size it is ignored
  }
  return kept;
}
