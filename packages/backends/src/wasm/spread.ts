import * as tf from "@tensorflow/tfjs-core";

/** Pads or, where an amount is negative, cuts rows and columns: `[b, h, w, c]` -> `[b, top+h+bottom, left+w+right, c]`. */
export function padOrCut(
  x: tf.Tensor4D,
  top: number,
  bottom: number,
  left: number,
  right: number,
): tf.Tensor4D {
  const [batch, height, width, channels] = x.shape;
  const cut = (amount: number) => Math.max(-amount, 0);
  const pad = (amount: number) => Math.max(amount, 0);
  const kept: [number, number] = [height - cut(top) - cut(bottom), width - cut(left) - cut(right)];
  const inner = tf.slice(x, [0, cut(top), cut(left), 0], [batch, ...kept, channels]);
  return tf.pad(inner, [
    [0, 0],
    [pad(top), pad(bottom)],
    [pad(left), pad(right)],
    [0, 0],
  ]);
}

/** Puts `stride - 1` zeros after every row and column: `[b, h, w, c]` -> `[b, h*rowStride, w*columnStride, c]`. */
export function spreadZeros(x: tf.Tensor4D, rowStride: number, columnStride: number): tf.Tensor4D {
  const [batch, height, width, channels] = x.shape;
  const rows = tf.pad(tf.reshape(x, [batch * height, width * channels]), [
    [0, 0],
    [0, (rowStride - 1) * width * channels],
  ]); // [b*h, rowStride*w*c]
  const spread = tf.pad(tf.reshape(rows, [-1, channels]), [
    [0, 0],
    [0, (columnStride - 1) * channels],
  ]); // [b*h*rowStride*w, columnStride*c]
  return tf.reshape(spread, [batch, height * rowStride, width * columnStride, channels]);
}
