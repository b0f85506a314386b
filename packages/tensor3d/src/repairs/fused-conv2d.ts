import * as tf from "@tensorflow/tfjs-core";
import { NuwaError } from "../errors.ts";

interface Attributes {
  readonly strides: number | [number, number];
  readonly pad: "valid" | "same" | number;
  readonly dataFormat: "NHWC";
  readonly activation?: string;
}

/** A convolution with a bias, channels last. tfjs-core differentiates its function, `tf.fused.conv2d`, and not the kernel. */
export const fusedConv2dGradient: tf.GradConfig = {
  kernelName: tf.FusedConv2D,
  inputsToSave: ["x", "filter"],
  gradFunc: (upstream, saved, given) => {
    const { strides, pad, dataFormat, activation = "linear" } = given as unknown as Attributes;
    if (dataFormat !== "NHWC" || activation !== "linear") {
      throw new NuwaError(
        "INPUT",
        `gradient of FusedConv2D: wanted NHWC and no activation, got ${dataFormat} and ${activation}. Use tf.fused.conv2d.`,
      );
    }
    const [x, filter] = saved;
    const dy = upstream as tf.Tensor;
    const run = (kernel: string, inputs: tf.NamedTensorMap, shape: object) =>
      tf.engine().runKernel<tf.Tensor>(kernel, inputs, { strides, pad, dataFormat, ...shape });
    return {
      x: () => run(tf.Conv2DBackpropInput, { dy, filter }, { inputShape: x.shape }),
      filter: () => run(tf.Conv2DBackpropFilter, { x, dy }, { filterShape: filter.shape }),
      bias: () => tf.sum(tf.reshape(dy, [-1, dy.shape[3]!]), 0),
    };
  },
};
