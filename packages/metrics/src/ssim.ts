import { NuwaError } from "@nuwa/tensor3d";
import * as tf from "@tensorflow/tfjs-core";
import { assertImagePair, checkedSpan, type PixelRange } from "./images.ts";

export interface SsimOptions {
  /** The values of black and of white. Default [-1, 1]. */
  readonly range?: PixelRange;
  /** Height and width of the Gaussian window, odd. Default 11. */
  readonly windowSize?: number;
  /** The window's standard deviation in pixels. Default 1.5. */
  readonly sigma?: number;
  /** Keeps the comparison of brightness stable. Default 0.01. */
  readonly k1?: number;
  /** Keeps the comparison of contrast stable. Default 0.03. */
  readonly k2?: number;
}

/**
 * The structural similarity of each pair of images, after Wang, Bovik, Sheikh and Simoncelli, "Image Quality
 * Assessment: From Error Visibility to Structural Similarity" (2004), equation 13:
 *
 * `(2 μa μb + C1) (2 σab + C2) / ((μa² + μb² + C1) (σa² + σb² + C2))`, `C = (k (white - black))²`,
 *
 * with weighted moments under a Gaussian window; the mean over windows and channels. 1 for equal images.
 *
 * - Borders: only windows that lie inside the image count, as in the authors' program. This is piq with
 *   `downsample=False`, and scikit-image with `gaussian_weights=True, use_sample_covariance=False`, which pads and then
 *   crops as much. That one derives the window's size from sigma, `2 round(3.5 sigma) + 1`: 11 for 1.5.
 * - Brightness is counted from black, so pixels in [-1, 1] give what the same pictures in [0, 255] give. scikit-image
 *   takes pixels as they are: give it `image + 1` and `data_range=2`; with `image` itself it gives other numbers. piq
 *   refuses pixels below 0.
 * - Channels are averaged; some programs compare grey images instead.
 * - No downsampling: piq by default first shrinks images whose shorter side has 384 pixels or more.
 *
 * Differentiable in both; call `ensureGradients` of `@nuwa/tensor3d` once before.
 *
 * @param a float32 `[batch, height, width, channels]`
 * @param b as `a`
 * @returns float32 `[batch]`; NaN for an image pair with NaN in it
 * @throws NuwaError `SHAPE` (also for images smaller than the window), `INPUT` (no float32) or `CONFIG`
 */
export function ssim(a: tf.Tensor, b: tf.Tensor, options: SsimOptions = {}): tf.Tensor1D {
  const { range = [-1, 1], windowSize = 11, sigma = 1.5, k1 = 0.01, k2 = 0.03 } = options;
  assertImagePair("ssim", a, b);
  const span = checkedSpan("ssim", range);
  checkWindow(a.shape, windowSize);
  for (const [name, value] of Object.entries({ sigma, k1, k2 })) {
    if (!(Number.isFinite(value) && value > 0)) {
      throw new NuwaError(
        "CONFIG",
        `ssim: ${name} must be a number above 0, got ${value}. Leave it out for the usual one.`,
      );
    }
  }
  const middle = (range[0] + range[1]) / 2;
  const [c1, c2] = [k1 ** 2, k2 ** 2];
  return tf.tidy(() => {
    // Pixels in [-0.5, 0.5]: squares are small, so little is lost in E[x²] - E[x]².
    const x = tf.div(tf.sub(a, middle), span);
    const y = tf.div(tf.sub(b, middle), span);
    const maps = [x, y, tf.square(x), tf.square(y), tf.mul(x, y)];
    const blurred = blur(tf.concat(maps, 0), gaussian(windowSize, sigma)); // [5 batch, width', height', channels]
    const [meanX, meanY, squareX, squareY, product] = tf.split(blurred, 5); // [batch, width', height', channels]
    const varianceX = tf.sub(squareX, tf.square(meanX));
    const varianceY = tf.sub(squareY, tf.square(meanY));
    const covariance = tf.sub(product, tf.mul(meanX, meanY));
    const contrast = ratio(covariance, tf.add(varianceX, varianceY), c2);
    const [lightX, lightY] = [tf.add(meanX, 0.5), tf.add(meanY, 0.5)]; // above black
    const brightness = ratio(tf.mul(lightX, lightY), tf.add(tf.square(lightX), tf.square(lightY)), c1);
    return tf.mean(tf.mul(brightness, contrast), [1, 2, 3]) as tf.Tensor1D; // [batch]
  });
}

/** `(2 product + c) / (squares + c)` */
function ratio(product: tf.Tensor, squares: tf.Tensor, c: number): tf.Tensor {
  return tf.div(tf.add(tf.mul(product, 2), c), tf.add(squares, c));
}

/** Weighs along both axes: `[n, height, width, channels]` -> `[n, width', height', channels]`. */
function blur(images: tf.Tensor, weights: Float32Array): tf.Tensor {
  const filter = tf.tensor4d(weights, [weights.length, 1, 1, 1]);
  const turned = tf.transpose(blurRows(images, filter), [0, 2, 1, 3]); // [n, width, height', channels]
  return blurRows(turned, filter);
}

/** `[n, rows, columns, channels]` -> `[n, rows', columns, channels]` */
function blurRows(images: tf.Tensor, filter: tf.Tensor4D): tf.Tensor {
  const [count, rows, columns, channels] = images.shape;
  const flat = tf.reshape(images, [count, rows, columns * channels, 1]);
  const blurred = tf.conv2d(flat as tf.Tensor4D, filter, 1, "valid"); // [n, rows', columns channels, 1]
  return tf.reshape(blurred, [count, rows - filter.shape[0] + 1, columns, channels]);
}

/** Samples of a Gaussian around the middle, with the sum 1. */
function gaussian(size: number, sigma: number): Float32Array {
  const weights = Array.from({ length: size }, (_, index) =>
    Math.exp(-((index - (size - 1) / 2) ** 2) / (2 * sigma ** 2)),
  );
  const sum = weights.reduce((total, weight) => total + weight);
  return Float32Array.from(weights, (weight) => weight / sum);
}

function checkWindow([, height, width]: number[], size: number): void {
  if (!(Number.isInteger(size) && size > 0 && size % 2 === 1)) {
    throw new NuwaError(
      "CONFIG",
      `ssim: windowSize must be an odd whole number, got ${size}. Use 11, as the paper.`,
    );
  }
  if (height < size || width < size) {
    throw new NuwaError(
      "SHAPE",
      `ssim: wanted images of at least ${size} x ${size} pixels, the size of the window, got ${height} x ${width}. ` +
        "Enlarge them, or use a smaller windowSize.",
    );
  }
}
