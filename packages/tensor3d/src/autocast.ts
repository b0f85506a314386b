import * as tf from "@tensorflow/tfjs-core";
import { NuwaError } from "./errors.ts";
import { FUSED_KERNELS } from "./fused-kernel.ts";

/** In what numbers layers multiply matrices. Parameters, results and gradients are float32 in any case. */
export type ProductPrecision = "float32" | "bfloat16";

let current: ProductPrecision = "float32";

/**
 * Runs `f`, whose `Linear` layers and `matrixProduct`s compute in the given precision: with `bfloat16`, the factors of a
 * product and of both its gradients are rounded to 8 significant bits, as is each result; sums are float32. The
 * gradients of what `f` computed follow wherever they are taken. A backend without such products computes in float32.
 *
 * @param f synchronous. Calls may lie within each other: the innermost counts
 * @returns what `f` returned
 * @throws NuwaError `INPUT` when `f` returns a promise
 */
export function autocast<Result>(precision: ProductPrecision, f: () => Result): Result {
  const outer = current;
  current = precision;
  try {
    const result = f();
    if (typeof (result as { then?: unknown } | null | undefined)?.then === "function") {
      throw new NuwaError(
        "INPUT",
        "autocast: wanted a synchronous f, got one that returns a promise. Await outside of it.",
      );
    }
    return result;
  } finally {
    current = outer;
  }
}

/** What the innermost `autocast` around asks for, float32 outside of any. */
export const productPrecision = (): ProductPrecision => current;

/** Whether the selected backend multiplies matrices in bfloat16. */
export const hasBfloat16 = (): boolean =>
  tf.getKernel(FUSED_KERNELS.matMulBfloat16, tf.getBackend()) !== undefined;
