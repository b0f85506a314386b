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
 */
export function replaceMatMul(): void {
  for (const kernelName of ["BatchMatMul", "_FusedMatMul"]) {
    replaceKernel<Inputs, Attributes>("wasm", kernelName, ({ inputs, attributes, original }) => {
      const { transposeA, transposeB } = attributes;
      const a = transposeA ? swapLastAxes(inputs.a) : inputs.a;
      const b = transposeB ? swapLastAxes(inputs.b) : inputs.b;
      return original(
        { ...inputs, ...matchBatches(a, b) },
        { ...attributes, transposeA: false, transposeB: false },
      );
    });
  }
}

/** `[..., m, n]` -> `[..., n, m]`, at rank 3, for which the transpose kernel has a fast path. */
function swapLastAxes(x: tf.Tensor): tf.Tensor {
  const lead = x.shape.slice(0, -2);
  const [rows, columns] = x.shape.slice(-2);
  const swapped = tf.transpose(tf.reshape(x, [-1, rows, columns]), [0, 2, 1]); // [prod(lead), n, m]
  return tf.reshape(swapped, [...lead, columns, rows]);
}
