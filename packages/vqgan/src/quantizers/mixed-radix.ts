import { NuwaError } from "@nuwa/tensor3d";
import * as tf from "@tensorflow/tfjs-core";

/** Most codes that a quantizer may have: codes and their counts are exact in float32 too, and fit int32. */
export const MAX_CODES = 2 ** 24;

/**
 * Codes whose digits have these levels: their product.
 *
 * @throws NuwaError `CONFIG` for no levels, levels that are not whole numbers from 2 on, or too many codes
 */
export function codeCountOf(where: string, levels: readonly number[]): number {
  if (levels.length === 0 || !levels.every((level) => Number.isInteger(level) && level >= 2)) {
    throw new NuwaError(
      "CONFIG",
      `${where}: wanted at least one level, each a whole number from 2 on, got [${levels.join(", ")}].`,
    );
  }
  const count = levels.reduce((product, level) => product * level, 1);
  if (count <= MAX_CODES) return count;
  throw new NuwaError(
    "CONFIG",
    `${where}: wanted at most 2^24 codes, got ${count}, the product of ${levels.length} levels. ` +
      "Use fewer or smaller levels.",
  );
}

/** What a digit counts in its code: the product of the levels before it. The first digit counts 1. */
function places(levels: readonly number[]): number[] {
  let place = 1;
  return levels.map((level) => {
    const own = place;
    place *= level;
    return own;
  });
}

/**
 * Digits to codes.
 *
 * @param digits float32 whole numbers `[n, levels.length]`, each below its level
 * @returns int32 `[n]`
 */
export function codesOfDigits(digits: tf.Tensor2D, levels: readonly number[]): tf.Tensor1D {
  return tf.tidy(() => {
    const sums = tf.sum(tf.mul(digits, tf.tensor1d(places(levels))), 1); // [n], exact below 2^24
    return tf.cast(sums, "int32") as tf.Tensor1D;
  });
}

/**
 * Codes to digits.
 *
 * @param codes int32 `[n]`, each below the product of the levels
 * @returns float32 whole numbers `[n, levels.length]`
 */
export function digitsOfCodes(codes: tf.Tensor1D, levels: readonly number[]): tf.Tensor2D {
  return tf.tidy(() => {
    const own = places(levels);
    const column = tf.expandDims(codes, 1); // [n, 1]
    const lower = tf.floorDiv(column, tf.tensor1d(own, "int32")); // [n, levels]
    const upper = tf.floorDiv(column, tf.tensor1d(places([...levels, 1]).slice(1), "int32")); // [n, levels]
    const digits = tf.sub(lower, tf.mul(upper, tf.tensor1d([...levels], "int32")));
    return tf.cast(digits, "float32") as tf.Tensor2D;
  });
}
