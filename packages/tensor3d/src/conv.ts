import * as tf from "@tensorflow/tfjs-core";
import { NuwaError } from "./errors.ts";
import { disposeParams, type Layer } from "./params.ts";
import { type Rng, randomNormal } from "./rng.ts";
import { assertShape } from "./shape.ts";

export interface Conv2dConfig {
  readonly inChannels: number;
  readonly outChannels: number;
  /** Height and width of the window. */
  readonly kernel: number;
  /** Default 1. */
  readonly stride?: number;
  /** `"same"` (default; TensorFlow's, which pads the far side more), `"valid"`, or pixels on every side. */
  readonly padding?: "same" | "valid" | number;
}

/** A 2-D convolution, channels last. Params: weight `[kernel, kernel, in, out]`, bias `[out]`. */
export class Conv2d implements Layer {
  readonly config: Conv2dConfig;
  readonly params: { readonly weight: tf.Variable; readonly bias: tf.Variable };

  /** @param options `std` of the weight, default `(kernel^2 inChannels) ** -0.5`; the bias starts at 0 */
  constructor(config: Conv2dConfig, rng: Rng, options: { std?: number } = {}) {
    const { inChannels, outChannels, kernel } = config;
    const std = options.std ?? (kernel * kernel * inChannels) ** -0.5;
    this.config = config;
    this.params = tf.tidy(() => ({
      weight: tf.variable(randomNormal([kernel, kernel, inChannels, outChannels], rng, { std })),
      bias: tf.variable(tf.zeros([outChannels])),
    }));
  }

  /** `[batch, height, width, in]` -> `[batch, height', width', out]`. */
  apply(x: tf.Tensor): tf.Tensor4D {
    const { inChannels, stride = 1, padding = "same" } = this.config;
    assertShape("Conv2d x", x, ["batch", "height", "width", inChannels]);
    const { weight: filter, bias } = this.params;
    return tf.tidy(() => biasedConv2d({ x, filter, bias }, stride, padding));
  }

  dispose(): void {
    disposeParams(this);
  }
}

/**
 * A convolution that adds its bias on the way, channels last.
 *
 * @param inputs `x` `[b, h, w, in]`, `filter` `[height, width, in, out]`, `bias` `[out]`
 * @param padding or zeros before and after each axis
 */
export function biasedConv2d(
  inputs: { readonly x: tf.Tensor; readonly filter: tf.Tensor; readonly bias: tf.Tensor },
  stride: number,
  padding: NonNullable<Conv2dConfig["padding"]> | tf.backend_util.ExplicitPadding,
): tf.Tensor4D {
  const attributes = {
    strides: stride,
    pad: padding,
    dataFormat: "NHWC",
    dilations: 1,
    activation: "linear",
  };
  // Not tf.fused.conv2d, which keeps its result for the gradient and computes gradients that nobody asks for.
  return tf.engine().runKernel<tf.Tensor4D>(tf.FusedConv2D, { ...inputs }, attributes);
}

/**
 * Repeats every pixel twice along both axes: `[b, h, w, c]` -> `[b, 2 h, 2 w, c]`. Made of concatenations,
 * since the resize kernels of the backends differ in their gradients.
 *
 * @throws NuwaError `SHAPE`
 */
export function upsampleNearest2x(x: tf.Tensor4D): tf.Tensor4D {
  if (x.rank !== 4) {
    throw new NuwaError(
      "SHAPE",
      `upsampleNearest2x: wanted [batch, height, width, channels], got [${x.shape}].`,
    );
  }
  const [batch, height, width, channels] = x.shape;
  const run = tf.customGrad((...inputs) => {
    const pixels = tf.reshape(inputs[0] as tf.Tensor, [-1, channels]);
    const lines = tf.reshape(tf.concat([pixels, pixels], 1), [batch * height, 2 * width * channels]);
    const value = tf.reshape(tf.concat([lines, lines], 1), [batch, 2 * height, 2 * width, channels]);
    const gradFunc = (dy: tf.Tensor) => {
      const overRows = tf.sum(tf.reshape(dy, [batch * height, 2, 2 * width * channels]), 1);
      const overColumns = tf.sum(tf.reshape(overRows, [batch * height * width, 2, channels]), 1);
      return tf.reshape(overColumns, [batch, height, width, channels]);
    };
    return { value, gradFunc };
  });
  return run(x) as tf.Tensor4D;
}
