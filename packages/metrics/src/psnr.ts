import * as tf from "@tensorflow/tfjs-core";
import { assertImagePair, checkedSpan, type PixelRange } from "./images.ts";

export interface PsnrOptions {
  /** The values of black and of white; only their difference counts. Default [-1, 1]. */
  readonly range?: PixelRange;
}

/**
 * The peak signal-to-noise ratio of each pair of images in decibels, `10 log10((white - black)^2 / MSE)`, the mean
 * squared error over all pixels and channels. Infinity for equal images, so a mean over a data set may be infinite.
 * It is differentiable except there.
 *
 * @param a float32 `[batch, height, width, channels]`
 * @param b as `a`
 * @returns float32 `[batch]`; NaN for an image pair with NaN in it
 * @throws NuwaError `SHAPE`, `INPUT` (no float32) or `CONFIG`
 */
export function psnr(a: tf.Tensor, b: tf.Tensor, { range = [-1, 1] }: PsnrOptions = {}): tf.Tensor1D {
  assertImagePair("psnr", a, b);
  const span = checkedSpan("psnr", range);
  return tf.tidy(() => {
    const difference = tf.div(tf.sub(a, b), span);
    const error = tf.mean(tf.square(difference), [1, 2, 3]); // [batch]
    return tf.mul(tf.log(error), -10 / Math.LN10) as tf.Tensor1D;
  });
}
