import { biasedConv2d, type Conv2d } from "@nuwa/tensor3d";
import * as tf from "@tensorflow/tfjs-core";
import { unpatchify } from "../resample.ts";

/**
 * Rows `[phase, tap]`: the taps of a 3-tap window that fall on the same input where each input stands twice. Of the two
 * outputs over input i, the first sees inputs i − 1 and i, the second i and i + 1.
 */
const TAPS = [
  [1, 0, 0],
  [0, 1, 1],
  [1, 1, 0],
  [0, 0, 1],
];
/** `TAPS` of rows by `TAPS` of columns, `[phase rows, tap rows, phase columns, tap columns] x [rows, columns]`. */
const WINDOWS = TAPS.map((rows) =>
  TAPS.map((columns) => rows.map((row) => columns.map((column) => row * column))),
).flat(3);

/**
 * A 3×3 convolution of pictures of twice the height and width, each pixel standing four times, without making them:
 * `conv.apply(upsampleNearest2x(x))`. The four outputs over a pixel see 2×2 pixels each, whose weights are sums of the
 * window's, so that it takes 16 multiplications instead of 36.
 *
 * @param x `[b, h, w, in]`
 * @returns `[b, 2 h, 2 w, out]`
 */
export function doubledConvolution(conv: Conv2d, x: tf.Tensor4D): tf.Tensor4D {
  const { weight, bias } = conv.params;
  const [, , inChannels, outChannels] = weight.shape;
  return tf.tidy(() => {
    const phases = phaseFilters(weight as tf.Variable<tf.Rank.R4>).map((numbers, phase) => {
      const filter = tf.reshape(numbers, [2, 2, inChannels, outChannels]);
      const [row, column] = [phase >> 1, phase & 1];
      const zeros: tf.backend_util.ExplicitPadding = [
        [0, 0],
        [1 - row, row],
        [1 - column, column],
        [0, 0],
      ];
      return biasedConv2d({ x, filter, bias }, 1, zeros);
    });
    return unpatchify(tf.concat(phases, 3), 2);
  });
}

/** `[3, 3, in, out]` -> four times `[2 * 2 * in * out]`. */
function phaseFilters(weight: tf.Tensor4D): tf.Tensor[] {
  const numbers = weight.shape[2] * weight.shape[3];
  const sums = tf.matMul(tf.tensor2d(WINDOWS, [16, 9]), tf.reshape(weight, [9, numbers]));
  const byPhase = tf.transpose(tf.reshape(sums, [2, 2, 2, 2 * numbers]), [0, 2, 1, 3]);
  return tf.unstack(tf.reshape(byPhase, [4, 4 * numbers]));
}
