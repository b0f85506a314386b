import * as tf from "@tensorflow/tfjs-core";

export interface Tolerance {
  /** Absolute error allowed. Default 0. */
  readonly atol?: number;
  /** Error allowed relative to the expected value. Default 0. */
  readonly rtol?: number;
}

type Expected = tf.Tensor | { readonly shape: readonly number[]; readonly data: ArrayLike<number> };

/**
 * Fails unless `actual` has the shape of `expected` and every element lies within
 * `atol + rtol * |expected|`. NaN is never close to anything.
 */
export async function expectClose(
  actual: tf.Tensor,
  expected: Expected,
  tolerance: Tolerance,
): Promise<void> {
  const { atol = 0, rtol = 0 } = tolerance;
  const shape = expected.shape.join("x");
  if (actual.shape.join("x") !== shape) {
    throw new Error(`expectClose: expected the shape [${shape}], got [${actual.shape.join("x")}].`);
  }
  const wanted = expected instanceof tf.Tensor ? await expected.data() : expected.data;
  const got = await actual.data();
  if (got.length !== wanted.length) {
    throw new Error(`expectClose: expected ${wanted.length} values, got ${got.length}.`);
  }
  for (let index = 0; index < got.length; index++) {
    const difference = Math.abs(got[index] - wanted[index]);
    if (!(difference <= atol + rtol * Math.abs(wanted[index]))) {
      throw new Error(
        `expectClose: element ${index} of ${got.length} is ${got[index]}, expected ${wanted[index]} ` +
          `(difference ${difference}, allowed ${atol} + ${rtol} relative).`,
      );
    }
  }
}
