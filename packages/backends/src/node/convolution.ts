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

/** Rows and columns of zeros before and after, by axis. */
type Padding = [[number, number], [number, number]];

/**
 * The zeros that an operation has to be given around its input, none where TensorFlow's `SAME` or `VALID` adds the same
 * ones. They are not passed on as `EXPLICIT` padding, which oneDNN's convolutions do not take: TensorFlow would
 * compute with its own, whose filter gradient is up to four times slower.
 */
function paddingOf(info: tf.backend_util.Conv2DInfo): { name: "SAME" | "VALID"; zeros?: Padding } {
  if (isSame(info, "Height") && isSame(info, "Width")) return { name: "SAME" };
  const { top, left } = info.padInfo;
  const zeros: Padding = [
    [top, farPadding(info, "Height")],
    [left, farPadding(info, "Width")],
  ];
  return zeros.flat().some((count) => count > 0) ? { name: "VALID", zeros } : { name: "VALID" };
}

function isSame(info: tf.backend_util.Conv2DInfo, axis: "Height" | "Width"): boolean {
  const near = axis === "Height" ? info.padInfo.top : info.padInfo.left;
  const [size, count, stride] = [info[`in${axis}`], info[`out${axis}`], info[`stride${axis}`]];
  const zeros = Math.max(0, (count - 1) * stride + info[`effectiveFilter${axis}`] - size);
  return count === Math.ceil(size / stride) && near === Math.floor(zeros / 2);
}

/** Rows at the bottom or columns at the right that give exactly as many windows as tfjs counts. */
function farPadding(info: tf.backend_util.Conv2DInfo, axis: "Height" | "Width"): number {
  const [near, given] =
    axis === "Height" ? [info.padInfo.top, info.padInfo.bottom] : [info.padInfo.left, info.padInfo.right];
  const stride = info[`stride${axis}`];
  const least = (info[`out${axis}`] - 1) * stride + info[`effectiveFilter${axis}`] - info[`in${axis}`] - near;
  return Math.max(0, Math.min(Math.max(given, least), least + stride - 1));
}

/** `zeros` by axis of the input. */
function byAxis(info: tf.backend_util.Conv2DInfo, zeros: Padding): [number, number][] {
  return info.dataFormat === "channelsLast" ? [[0, 0], ...zeros, [0, 0]] : [[0, 0], [0, 0], ...zeros];
}

export function padded(x: tf.TensorInfo, info: tf.backend_util.Conv2DInfo): tf.TensorInfo {
  const { zeros } = paddingOf(info);
  return zeros ? tf.pad(x as tf.Tensor, byAxis(info, zeros)) : x;
}

export function convolutionAttributes(info: tf.backend_util.Conv2DInfo, dtype: tf.DataType): OpAttribute[] {
  const channelsLast = info.dataFormat === "channelsLast";
  const spatial = (height: number, width: number) =>
    channelsLast ? [1, height, width, 1] : [1, 1, height, width];
  return [
    createTensorsTypeOpAttr("T", dtype),
    { name: "strides", type: ATTRIBUTE.int, value: spatial(info.strideHeight, info.strideWidth) },
    { name: "padding", type: ATTRIBUTE.string, value: paddingOf(info).name },
    { name: "data_format", type: ATTRIBUTE.string, value: channelsLast ? "NHWC" : "NCHW" },
    { name: "dilations", type: ATTRIBUTE.int, value: spatial(info.dilationHeight, info.dilationWidth) },
  ];
}

export function convolutionInfo(
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
    const attributes = convolutionAttributes(info, x.dtype);
    return tf.tidy(() => backend.executeSingleOutput(op, attributes, [padded(x, info), filter]));
  };
};

const backpropInput = (
  op: string,
  depthwise: boolean,
): Kernel<ConvolutionAttributes & { inputShape: number[] }> => {
  return ({ inputs: { dy, filter }, backend, attrs }) => {
    const { inputShape } = attrs;
    const info = convolutionInfo(inputShape, filter.shape, attrs, depthwise);
    const { zeros } = paddingOf(info);
    const pads = zeros && byAxis(info, zeros);
    const shape = pads ? inputShape.map((size, axis) => size + pads[axis][0] + pads[axis][1]) : inputShape;
    const ids = [backend.vector(shape), backend.idOf(filter), backend.idOf(dy)];
    return tf.tidy(() => {
      const [dx] = backend.executeOnIds(op, convolutionAttributes(info, dy.dtype), ids, 1);
      if (!pads) return dx;
      const begin = pads.map(([near]) => near);
      return tf.slice(dx, begin, inputShape);
    });
  };
};

const backpropFilter = (
  op: string,
  depthwise: boolean,
): Kernel<ConvolutionAttributes & { filterShape: number[] }> => {
  return ({ inputs: { x, dy }, backend, attrs }) => {
    const info = convolutionInfo(x.shape, attrs.filterShape, attrs, depthwise);
    return tf.tidy(() => {
      const ids = [backend.idOf(padded(x, info)), backend.vector(attrs.filterShape), backend.idOf(dy)];
      return backend.executeOnIds(op, convolutionAttributes(info, dy.dtype), ids, 1)[0];
    });
  };
};

export interface FusedAttributes extends ConvolutionAttributes {
  activation?: string;
  leakyreluAlpha?: number;
}

/** A convolution, its bias and its activation, one after the other. */
const fused = (convolve: Kernel<ConvolutionAttributes>): Kernel<FusedAttributes> => {
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

const conv2d = forward("Conv2D", false);
export const fusedConv2d = fused(conv2d);

/** Convolutions that also take padding in numbers. */
export const convolutionKernels = [
  kernel(tf.Conv2D, conv2d),
  kernel(tf.Conv2DBackpropInput, backpropInput("Conv2DBackpropInput", false)),
  kernel(tf.Conv2DBackpropFilter, backpropFilter("Conv2DBackpropFilter", false)),
  kernel(tf.FusedConv2D, fusedConv2d),
  kernel(tf.DepthwiseConv2dNative, forward("DepthwiseConv2dNative", true)),
  kernel(tf.DepthwiseConv2dNativeBackpropInput, backpropInput("DepthwiseConv2dNativeBackpropInput", true)),
  kernel(tf.DepthwiseConv2dNativeBackpropFilter, backpropFilter("DepthwiseConv2dNativeBackpropFilter", true)),
  kernel(tf.FusedDepthwiseConv2D, fused(forward("DepthwiseConv2dNative", true))),
];
