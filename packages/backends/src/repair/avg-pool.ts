import * as tf from "@tensorflow/tfjs-core";
import { type PortableBackend, replaceKernel } from "./replace-kernel.ts";

type Pool = Parameters<typeof tf.backend_util.computePool2DInfo>;

interface Attributes {
  readonly filterSize: Pool[1];
  readonly strides: Pool[2];
  readonly pad: Pool[4];
}

/**
 * avgPool leaves padding out of its averages, but its gradient divides by the whole window at borders too.
 * This scales the output's gradient by window / counted elements before.
 */
export function replaceAvgPoolGradient(backendName: PortableBackend): void {
  replaceKernel<{ dy: tf.Tensor4D; input: tf.Tensor4D }, Attributes>(
    backendName,
    "AvgPoolGrad",
    ({ inputs, attributes, original }) => {
      const { filterSize, strides, pad } = attributes;
      const info = tf.backend_util.computePool2DInfo(inputs.input.shape, filterSize, strides, 1, pad);
      const rows = shares(
        info.outHeight,
        info.strideHeight,
        info.filterHeight,
        info.padInfo.top,
        info.inHeight,
      );
      const columns = shares(
        info.outWidth,
        info.strideWidth,
        info.filterWidth,
        info.padInfo.left,
        info.inWidth,
      );
      const scale = tf.mul(tf.reshape(rows, [1, -1, 1, 1]), tf.reshape(columns, [1, 1, -1, 1]));
      return original({ ...inputs, dy: tf.mul(inputs.dy, scale) }, attributes);
    },
  );
}

/** For each window along an axis, its size over how much of it lies inside: `[count]`. */
function shares(count: number, stride: number, size: number, before: number, length: number): tf.Tensor1D {
  const inside = (window: number) => {
    const start = window * stride - before;
    return Math.min(start + size, length) - Math.max(start, 0);
  };
  return tf.tensor1d(Array.from({ length: count }, (_, window) => size / inside(window)));
}
