import * as tf from "@tensorflow/tfjs-core";
import { replaceKernel } from "../repair/replace-kernel.ts";

/**
 * UnsortedSegmentSum (the gradient of `gather`), which tfjs lacks for wasm, as a scatter that adds. Rows whose
 * segment is negative or too large are left out.
 */
export function replaceSegmentSum(): void {
  replaceKernel<{ x: tf.Tensor; segmentIds: tf.Tensor }, { numSegments: number }>(
    "wasm",
    "UnsortedSegmentSum",
    ({ inputs, attributes }) => {
      const { x, segmentIds } = inputs;
      const { numSegments } = attributes;
      const rows = segmentIds.size;
      const rest = x.shape.slice(segmentIds.rank);
      const width = rest.reduce((product, size) => product * size, 1);
      const inside = tf.logicalAnd(
        tf.greaterEqual(segmentIds, tf.scalar(0, "int32")),
        tf.less(segmentIds, tf.scalar(numSegments, "int32")),
      );
      const spare = tf.fill(segmentIds.shape, numSegments, "int32");
      const indices = tf.reshape(tf.where(inside, segmentIds, spare), [rows, 1]);
      const sums = tf.scatterND(indices, tf.reshape(x, [rows, width]), [numSegments + 1, width]);
      return tf.reshape(tf.slice(sums, [0, 0], [numSegments, width]), [numSegments, ...rest]);
    },
  );
}
