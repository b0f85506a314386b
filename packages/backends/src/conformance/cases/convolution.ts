import * as tf from "@tensorflow/tfjs-core";
import type { Cases, Run } from "../case.ts";

type Padding = Parameters<typeof tf.conv2d>[3];

const beside: Padding = [
  [0, 0],
  [0, 1],
  [0, 1],
  [0, 0],
];

function conv2d(stride = 1, padding: Padding = "same", dilation = 1): Run {
  return (x, w) => tf.conv2d(x as tf.Tensor4D, w as tf.Tensor4D, stride, padding, "NHWC", dilation);
}

function depthwise(stride: number, padding: "same" | "valid"): Run {
  return (x, w) => tf.depthwiseConv2d(x as tf.Tensor4D, w as tf.Tensor4D, stride, padding);
}

function transposed(shape: [number, number, number, number], stride: number, padding: "same" | "valid"): Run {
  return (x, w) => tf.conv2dTranspose(x as tf.Tensor4D, w as tf.Tensor4D, shape, stride, padding);
}

const twice: Run = (x) => {
  const [, height, width] = x.shape;
  return tf.image.resizeNearestNeighbor(x as tf.Tensor4D, [2 * height, 2 * width]);
};

export const convolutionCases: Cases = {
  "conv2d 3x3": conv2d(),
  "conv2d 3x3 stride 2": conv2d(2),
  "conv2d 3x3 valid": conv2d(1, "valid"),
  "conv2d 3x3 valid stride 2": conv2d(2, "valid"),
  "conv2d 3x3 padded 1": conv2d(1, 1),
  "conv2d 3x3 stride 2 padded 0,1": conv2d(2, beside),
  "conv2d 3x3 dilated 2": conv2d(1, "same", 2),
  "conv2d 1x1": conv2d(),
  "conv2d 1x1 stride 2": conv2d(2),
  "conv2d 4x4 stride 2": conv2d(2),
  "conv2d 4x4 stride 2 padded 1": conv2d(2, 1),
  "conv2d 3x3 of 16 channels": conv2d(),
  "conv2d 5x3": conv2d(),
  "conv2d whole image": conv2d(1, "valid"),
  "conv2dTranspose 4x4 stride 2": transposed([2, 6, 8, 3], 2, "same"),
  "conv2dTranspose 3x3": transposed([2, 4, 3, 2], 1, "same"),
  "conv2dTranspose 2x2 stride 2 valid": transposed([1, 6, 6, 4], 2, "valid"),
  "depthwiseConv2d 3x3": depthwise(1, "same"),
  "depthwiseConv2d 3x3 stride 2": depthwise(2, "same"),
  "depthwiseConv2d multiplier 2, valid": depthwise(1, "valid"),
  "avgPool 2x2": (x) => tf.avgPool(x as tf.Tensor4D, 2, 2, "valid"),
  "avgPool 3x3 same": (x) => tf.avgPool(x as tf.Tensor4D, 3, 1, "same"),
  "maxPool 2x2": (x) => tf.maxPool(x as tf.Tensor4D, 2, 2, "valid"),
  resizeNearestNeighbor: twice,
  "resizeNearestNeighbor of one image": twice,
};
