import * as tf from "@tensorflow/tfjs-core";
import { type PortableBackend, replaceKernel } from "./replace-kernel.ts";

interface Operands {
  readonly a: tf.Tensor;
  readonly b: tf.Tensor;
}

/** Makes products of batches right whichever of their axes are broadcast, by {@link matchBatches}. */
export function replaceMatMulBroadcast(backendName: PortableBackend): void {
  replaceKernel<Operands, object>(backendName, "BatchMatMul", ({ inputs, attributes, original }) =>
    original(matchBatches(inputs.a, inputs.b), attributes),
  );
}

/**
 * tfjs's kernels number the matrices of a batch as if only leading axes could be broadcast: `[2, 1, ...]` by
 * `[1, 3, ...]` or by `[2, 3, ...]` is wrong. Repeats the matrices of such operands, and leaves others as they are.
 */
export function matchBatches(a: tf.Tensor, b: tf.Tensor): Operands {
  const [batchA, batchB] = [a.shape.slice(0, -2), b.shape.slice(0, -2)];
  const batch = tf.broadcast_util.assertAndGetBroadcastShape(batchA, batchB);
  if (isTail(batchA, batch) && isTail(batchB, batch)) return { a, b };
  return { a: repeated(a, batch), b: repeated(b, batch) };
}

/** Whether a shape without its leading ones ends the other shape. */
function isTail(shape: readonly number[], whole: readonly number[]): boolean {
  const first = shape.findIndex((size) => size !== 1);
  const own = first < 0 ? [] : shape.slice(first);
  return own.every((size, axis) => size === whole[whole.length - own.length + axis]);
}

function repeated(x: tf.Tensor, batch: readonly number[]): tf.Tensor {
  return tf.broadcastTo(x, [...batch, ...x.shape.slice(-2)]);
}
