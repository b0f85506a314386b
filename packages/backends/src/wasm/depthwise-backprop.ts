import * as tf from "@tensorflow/tfjs-core";
import { replaceKernel } from "../repair/replace-kernel.ts";
import { type ConvAttributes, convShape } from "./conv-shape.ts";
import { padOrCut, spreadZeros } from "./spread.ts";

type Shape4D = [number, number, number, number];

/** Both gradients of depthwiseConv2d, which tfjs lacks for wasm, one filter tap at a time. */
export function replaceDepthwiseBackprop(): void {
  replaceKernel<{ x: tf.Tensor4D; dy: tf.Tensor4D }, ConvAttributes & { filterShape: Shape4D }>(
    "wasm",
    "DepthwiseConv2dNativeBackpropFilter",
    ({ inputs, attributes }) => filterGradient(inputs.x, inputs.dy, attributes),
  );
  replaceKernel<{ dy: tf.Tensor4D; filter: tf.Tensor4D }, ConvAttributes & { inputShape: Shape4D }>(
    "wasm",
    "DepthwiseConv2dNativeBackpropInput",
    ({ inputs, attributes }) => inputGradient(inputs.dy, inputs.filter, attributes),
  );
}

/** For each tap, the sum over batch and positions of the input that the tap read times the output's gradient. */
function filterGradient(
  x: tf.Tensor4D,
  dy: tf.Tensor4D,
  attributes: ConvAttributes & { filterShape: Shape4D },
): tf.Tensor {
  const { filterShape } = attributes;
  const info = convShape(x.shape, filterShape, attributes, true);
  const { padInfo, strideHeight, strideWidth, outHeight, outWidth, dilationHeight, dilationWidth } = info;
  const [kernelHeight, kernelWidth, channels, multiplier] = filterShape;
  const padded = padOrCut(x, padInfo.top, padInfo.bottom, padInfo.left, padInfo.right);
  const gradient = tf.reshape(dy, [-1, channels, multiplier]); // [b*outH*outW, channels, multiplier]
  const taps: tf.Tensor[] = [];
  for (let row = 0; row < kernelHeight; row++) {
    for (let column = 0; column < kernelWidth; column++) {
      const [top, left] = [row * dilationHeight, column * dilationWidth];
      const read = tf.stridedSlice(
        padded,
        [0, top, left, 0],
        [
          x.shape[0],
          top + (outHeight - 1) * strideHeight + 1,
          left + (outWidth - 1) * strideWidth + 1,
          channels,
        ],
        [1, strideHeight, strideWidth, 1],
      ); // [b, outH, outW, channels]
      taps.push(tf.sum(tf.mul(tf.reshape(read, [-1, channels, 1]), gradient), 0)); // [channels, multiplier]
    }
  }
  return tf.reshape(tf.stack(taps), filterShape); // [kh, kw, channels, multiplier]
}

/** The sum over taps of the output's gradient times the tap, moved to where the tap read. */
function inputGradient(
  dy: tf.Tensor4D,
  filter: tf.Tensor4D,
  attributes: ConvAttributes & { inputShape: Shape4D },
): tf.Tensor {
  const { inputShape } = attributes;
  const info = convShape(inputShape, filter.shape, attributes, true);
  const { padInfo, strideHeight, strideWidth, inHeight, inWidth, dilationHeight, dilationWidth } = info;
  const [batch, outHeight, outWidth] = dy.shape;
  const [kernelHeight, kernelWidth, channels, multiplier] = filter.shape;
  const gradient = tf.reshape(dy, [-1, channels, multiplier]); // [b*outH*outW, channels, multiplier]
  let total: tf.Tensor4D = tf.zeros(inputShape);
  for (let row = 0; row < kernelHeight; row++) {
    for (let column = 0; column < kernelWidth; column++) {
      const tap = tf.slice(filter, [row, column, 0, 0], [1, 1, channels, multiplier]);
      const weighted = tf.sum(tf.mul(gradient, tf.reshape(tap, [1, channels, multiplier])), 2); // [b*outH*outW, channels]
      const placed = spreadZeros(
        tf.reshape(weighted, [batch, outHeight, outWidth, channels]),
        strideHeight,
        strideWidth,
      ); // [b, outH*stride, outW*stride, channels]
      const top = row * dilationHeight - padInfo.top;
      const left = column * dilationWidth - padInfo.left;
      const bottom = inHeight - top - placed.shape[1];
      const right = inWidth - left - placed.shape[2];
      total = tf.add(total, padOrCut(placed, top, bottom, left, right));
    }
  }
  return total;
}
