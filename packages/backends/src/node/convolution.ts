import * as tf from "@tensorflow/tfjs-core";
import { type Kernel, kernel } from "./kernel.ts";
import { ATTRIBUTE, createTensorsTypeOpAttr, type OpAttribute } from "./op-attributes.ts";

interface ConvolutionAttributes {
  strides: number | [number, number];
  pad: "valid" | "same" | number | tf.backend_util.ExplicitPadding;
  dataFormat: "NHWC" | "NCHW";
  dilations?: number | [number, number];
  dimRoundingMode?: "floor" | "round" | "ceil";
}
type Shape4D = [number, number, number, number];

/**
 * The operation's attributes. tfjs-node passes `same` and `valid` on and refuses padding in numbers;
 * TensorFlow takes it as `EXPLICIT`. tfjs sizes the output by `dimRoundingMode`, TensorFlow always
 * rounds down, so the far side is padded with what makes the two agree.
 */
function convolutionAttributes(info: tf.backend_util.Conv2DInfo, dtype: tf.DataType): OpAttribute[] {
  const channelsLast = info.dataFormat === "channelsLast";
  const spatial = (height: number, width: number) =>
    channelsLast ? [1, height, width, 1] : [1, 1, height, width];
  const { padInfo } = info;
  const pads = [padInfo.top, farPadding(info, "Height"), padInfo.left, farPadding(info, "Width")];
  const explicit = padInfo.type !== "SAME" && pads.some((pad) => pad > 0);
  const padding = explicit ? "EXPLICIT" : padInfo.type === "SAME" ? "SAME" : "VALID";
  const attributes: OpAttribute[] = [
    createTensorsTypeOpAttr("T", dtype),
    { name: "strides", type: ATTRIBUTE.int, value: spatial(info.strideHeight, info.strideWidth) },
    { name: "padding", type: ATTRIBUTE.string, value: padding },
    { name: "data_format", type: ATTRIBUTE.string, value: channelsLast ? "NHWC" : "NCHW" },
    { name: "dilations", type: ATTRIBUTE.int, value: spatial(info.dilationHeight, info.dilationWidth) },
  ];
  if (explicit) {
    attributes.push({
      name: "explicit_paddings",
      type: ATTRIBUTE.int,
      value: channelsLast ? [0, 0, ...pads, 0, 0] : [0, 0, 0, 0, ...pads],
    });
  }
  return attributes;
}

/** Rows at the bottom or columns at the right that give exactly as many windows as tfjs counts. */
function farPadding(info: tf.backend_util.Conv2DInfo, axis: "Height" | "Width"): number {
  const [near, given] =
    axis === "Height" ? [info.padInfo.top, info.padInfo.bottom] : [info.padInfo.left, info.padInfo.right];
  const stride = info[`stride${axis}`];
  const least = (info[`out${axis}`] - 1) * stride + info[`effectiveFilter${axis}`] - info[`in${axis}`] - near;
  return Math.max(0, Math.min(Math.max(given, least), least + stride - 1));
}

function convolutionInfo(
  inShape: readonly number[],
  filterShape: readonly number[],
  attrs: ConvolutionAttributes,
  depthwise: boolean,
): tf.backend_util.Conv2DInfo {
  return tf.backend_util.computeConv2DInfo(
    inShape as Shape4D,
    filterShape as Shape4D,
    attrs.strides,
    attrs.dilations ?? 1,
    attrs.pad,
    attrs.dimRoundingMode,
    depthwise,
    tf.backend_util.convertConv2DDataFormat(attrs.dataFormat ?? "NHWC"),
  );
}

const forward = (op: string, depthwise: boolean): Kernel<ConvolutionAttributes> => {
  return ({ inputs: { x, filter }, backend, attrs }) => {
    const info = convolutionInfo(x.shape, filter.shape, attrs, depthwise);
    return backend.executeSingleOutput(op, convolutionAttributes(info, x.dtype), [x, filter]);
  };
};

const backpropInput = (
  op: string,
  depthwise: boolean,
): Kernel<ConvolutionAttributes & { inputShape: number[] }> => {
  return ({ inputs: { dy, filter }, backend, attrs }) => {
    const info = convolutionInfo(attrs.inputShape, filter.shape, attrs, depthwise);
    const ids = [backend.vector(attrs.inputShape), backend.idOf(filter), backend.idOf(dy)];
    return backend.executeOnIds(op, convolutionAttributes(info, dy.dtype), ids, 1)[0];
  };
};

const backpropFilter = (
  op: string,
  depthwise: boolean,
): Kernel<ConvolutionAttributes & { filterShape: number[] }> => {
  return ({ inputs: { x, dy }, backend, attrs }) => {
    const info = convolutionInfo(x.shape, attrs.filterShape, attrs, depthwise);
    const ids = [backend.idOf(x), backend.vector(attrs.filterShape), backend.idOf(dy)];
    return backend.executeOnIds(op, convolutionAttributes(info, dy.dtype), ids, 1)[0];
  };
};

/** A convolution, its bias and its activation, one after the other. */
const fused = (
  convolve: Kernel<ConvolutionAttributes>,
): Kernel<ConvolutionAttributes & { activation?: string; leakyreluAlpha?: number }> => {
  return (args) =>
    tf.tidy(() => {
      const { bias, preluActivationWeights } = args.inputs;
      const { activation, leakyreluAlpha } = args.attrs;
      const product = convolve(args);
      const sum = bias ? tf.add(product, bias as tf.Tensor) : product;
      return args.backend.applyActivation(
        sum,
        activation,
        preluActivationWeights as tf.Tensor,
        leakyreluAlpha,
      );
    });
};

/** Convolutions that also take padding in numbers. */
export const convolutionKernels = [
  kernel(tf.Conv2D, forward("Conv2D", false)),
  kernel(tf.Conv2DBackpropInput, backpropInput("Conv2DBackpropInput", false)),
  kernel(tf.Conv2DBackpropFilter, backpropFilter("Conv2DBackpropFilter", false)),
  kernel(tf.FusedConv2D, fused(forward("Conv2D", false))),
  kernel(tf.DepthwiseConv2dNative, forward("DepthwiseConv2dNative", true)),
  kernel(tf.DepthwiseConv2dNativeBackpropInput, backpropInput("DepthwiseConv2dNativeBackpropInput", true)),
  kernel(tf.DepthwiseConv2dNativeBackpropFilter, backpropFilter("DepthwiseConv2dNativeBackpropFilter", true)),
  kernel(tf.FusedDepthwiseConv2D, fused(forward("DepthwiseConv2dNative", true))),
];
