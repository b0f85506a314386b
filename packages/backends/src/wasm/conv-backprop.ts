import * as tf from "@tensorflow/tfjs-core";
import { replaceKernel } from "../repair/replace-kernel.ts";
import { type ConvAttributes, convShape } from "./conv-shape.ts";
import { padOrCut, spreadZeros } from "./spread.ts";

type Shape4D = [number, number, number, number];

/**
 * Both gradients of conv2d, made of forward convolutions. tfjs has no filter gradient for wasm at all, and
 * its input gradient (also conv2dTranspose) is a scalar loop, 10 times slower than this at stride 1.
 */
export function replaceConvBackprop(): void {
  replaceKernel<{ x: tf.Tensor4D; dy: tf.Tensor4D }, ConvAttributes & { filterShape: Shape4D }>(
    "wasm",
    "Conv2DBackpropFilter",
    ({ inputs, attributes }) => filterGradient(inputs.x, inputs.dy, attributes),
  );
  replaceKernel<{ dy: tf.Tensor4D; filter: tf.Tensor4D }, ConvAttributes & { inputShape: Shape4D }>(
    "wasm",
    "Conv2DBackpropInput",
    ({ inputs, attributes }) => inputGradient(inputs.dy, inputs.filter, attributes),
  );
}

/**
 * dW = x * dy with batch and channels swapped: the output's gradient is the filter, spread out by the stride
 * as its dilation.
 */
function filterGradient(
  x: tf.Tensor4D,
  dy: tf.Tensor4D,
  attributes: ConvAttributes & { filterShape: Shape4D },
): tf.Tensor {
  const { filterShape } = attributes;
  const { padInfo, strideHeight, strideWidth } = convShape(x.shape, filterShape, attributes);
  const padded = padOrCut(x, padInfo.top, padInfo.bottom, padInfo.left, padInfo.right);
  const image = tf.transpose(padded, [3, 1, 2, 0]); // [in, h, w, b]
  const filter = tf.transpose(dy, [1, 2, 0, 3]); // [outH, outW, b, out]
  const full = tf.conv2d(image, filter, 1, "valid", "NHWC", [strideHeight, strideWidth]); // [in, >=kh, >=kw, out]
  const [kernelHeight, kernelWidth, inChannels, outChannels] = filterShape;
  const kernel = tf.slice(full, [0, 0, 0, 0], [inChannels, kernelHeight, kernelWidth, outChannels]);
  return tf.transpose(kernel, [1, 2, 0, 3]); // [kh, kw, in, out]
}

/** dX = dy, zeros between its elements, convolved with the flipped filter whose channels are swapped. */
function inputGradient(
  dy: tf.Tensor4D,
  filter: tf.Tensor4D,
  attributes: ConvAttributes & { inputShape: Shape4D },
): tf.Tensor {
  const { inputShape } = attributes;
  const info = convShape(inputShape, filter.shape, attributes);
  const { strideHeight, strideWidth, padInfo } = info;
  const spread = strideHeight * strideWidth === 1 ? dy : spreadZeros(dy, strideHeight, strideWidth);
  const top = info.filterHeight - 1 - padInfo.top;
  const left = info.filterWidth - 1 - padInfo.left;
  const bottom = info.inHeight + info.filterHeight - 1 - top - spread.shape[1];
  const right = info.inWidth + info.filterWidth - 1 - left - spread.shape[2];
  const image = padOrCut(spread, top, bottom, left, right);
  const flipped = tf.transpose(tf.reverse(filter, [0, 1]), [0, 1, 3, 2]); // [kh, kw, out, in]
  return tf.conv2d(image, flipped, 1, "valid"); // [b, h, w, in]
}
