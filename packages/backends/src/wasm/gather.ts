import * as tf from "@tensorflow/tfjs-core";
import { replaceKernel } from "../repair/replace-kernel.ts";

/** With batchDims the wasm kernel reads the first batch's indices for all. This counts rows across batches. */
export function replaceGather(): void {
  replaceKernel<{ x: tf.Tensor; indices: tf.Tensor }, { axis: number; batchDims?: number }>(
    "wasm",
    "GatherV2",
    ({ inputs, attributes, original }) => {
      const { x, indices } = inputs;
      const [axis] = tf.util.parseAxisParam(attributes.axis, x.shape);
      const { batchDims = 0 } = attributes;
      const batchAxes = batchDims < 0 ? batchDims + indices.rank : batchDims;
      if (batchAxes === 0) return original(inputs, { ...attributes, axis, batchDims: 0 });
      return gatherBatches(x, indices, axis, batchAxes);
    },
  );
}

/** x `[batch..., outer..., size, inner...]`, indices `[batch..., k...]` -> `[batch..., outer..., k..., inner...]`. */
function gatherBatches(x: tf.Tensor, indices: tf.Tensor, axis: number, batchAxes: number): tf.Tensor {
  const size = x.shape[axis];
  const batch = product(x.shape.slice(0, batchAxes));
  const outer = product(x.shape.slice(batchAxes, axis));
  const inner = product(x.shape.slice(axis + 1));
  const firstRow = tf.reshape(tf.range(0, batch * outer * size, size, "int32"), [batch, outer, 1]);
  const places = tf.add(tf.reshape(indices, [batch, 1, -1]), firstRow); // [batch, outer, k]
  const rows = tf.gather(tf.reshape(x, [batch * outer * size, inner]), tf.reshape(places, [-1]));
  return tf.reshape(rows, [
    ...x.shape.slice(0, axis),
    ...indices.shape.slice(batchAxes),
    ...x.shape.slice(axis + 1),
  ]);
}

function product(sizes: readonly number[]): number {
  return sizes.reduce((total, size) => total * size, 1);
}
