import * as tf from "@tensorflow/tfjs-core";
import { hasBfloat16, productPrecision } from "./autocast.ts";
import { FUSED_KERNELS } from "./fused-kernel.ts";

/**
 * `x w`, in the precision that `autocast` asks for around it.
 *
 * @param x float32 `[rows, in]`
 * @param weight float32 `[in, out]`
 * @returns float32 `[rows, out]`
 */
export function matrixProduct(x: tf.Tensor2D, weight: tf.Tensor2D): tf.Tensor2D {
  return (productPrecision() === "bfloat16" && bfloat16Product(x, weight)) || tf.matMul(x, weight);
}

/** Undefined where the selected backend has no such products. */
function bfloat16Product(x: tf.Tensor2D, weight: tf.Tensor2D): tf.Tensor2D | undefined {
  if (!hasBfloat16() || x.size === 0) return undefined;
  const run = tf.customGrad((...inputs) => {
    const [rows, factor] = inputs as tf.Tensor2D[];
    const save = inputs[2] as unknown as tf.GradSaveFunc;
    save([rows, factor]);
    const gradFunc = (dy: tf.Tensor, [rows, factor]: tf.Tensor[]) => [
      product(dy, factor, { transposeY: true }), // [rows, in]
      product(rows, dy, { transposeX: true }), // [in, out]
    ];
    return { value: product(rows, factor), gradFunc };
  });
  return run(x, weight) as tf.Tensor2D;
}

const product = (x: tf.Tensor, y: tf.Tensor, { transposeX = false, transposeY = false } = {}): tf.Tensor =>
  tf.engine().runKernel(FUSED_KERNELS.matMulBfloat16, { x, y }, { transposeX, transposeY });
