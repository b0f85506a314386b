import * as tf from "@tensorflow/tfjs-core";
import { matchBatches } from "../repair/mat-mul.ts";
import { replaceKernel } from "../repair/replace-kernel.ts";

interface Inputs {
  readonly a: tf.Tensor;
  readonly b: tf.Tensor;
}
interface Attributes {
  readonly transposeA: boolean;
  readonly transposeB: boolean;
}

/**
 * Transposed operands take a scalar loop in the wasm build (8 times slower at 2048x256), so they are
 * transposed first and multiplied by the vectorised kernel. Batches are matched as on the other backends.
 * A right operand whose data was multiplied in another shape before is copied: see `shapeOfPacked`.
 */
export function replaceMatMul(): void {
  for (const kernelName of ["BatchMatMul", "_FusedMatMul"]) {
    replaceKernel<Inputs, Attributes>("wasm", kernelName, ({ inputs, attributes, original }) => {
      const { transposeA, transposeB } = attributes;
      const a = transposeA ? swapLastAxes(inputs.a) : inputs.a;
      const b = transposeB ? swapLastAxes(inputs.b) : inputs.b;
      const matched = matchBatches(a, b);
      return original(
        { ...inputs, a: matched.a, b: packedAlike(matched.b) },
        { ...attributes, transposeA: false, transposeB: false },
      );
    });
  }
}

/**
 * The matrix that XNNPACK took a right operand's data for when it first met them. It packs them then and finds them again by
 * their data's id alone, so that another shape of the same data, a reshaped tensor, would be multiplied as the first one.
 */
const shapeOfPacked = new WeakMap<tf.DataId, string>();

function packedAlike(b: tf.Tensor): tf.Tensor {
  const shape = b.shape.slice(-2).join();
  const packed = shapeOfPacked.get(b.dataId);
  if (packed === undefined) shapeOfPacked.set(b.dataId, shape);
  return packed === undefined || packed === shape ? b : tf.add(b, 0);
}

/** `[..., m, n]` -> `[..., n, m]`, at rank 3, for which the transpose kernel has a fast path. */
function swapLastAxes(x: tf.Tensor): tf.Tensor {
  const lead = x.shape.slice(0, -2);
  const [rows, columns] = x.shape.slice(-2);
  const swapped = tf.transpose(tf.reshape(x, [-1, rows, columns]), [0, 2, 1]); // [prod(lead), n, m]
  return tf.reshape(swapped, [...lead, columns, rows]);
}
