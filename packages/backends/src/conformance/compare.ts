import type { DecodedTensor } from "@nuwa/tensor3d";
import type * as tf from "@tensorflow/tfjs-core";

const dtypes: Readonly<Record<string, readonly string[]>> = { F32: ["float32"], I32: ["int32", "bool"] };

/**
 * The largest `|actual - expected| / max(1, |expected|)`, infinite where there is a NaN.
 *
 * @throws Error when the shape or the dtype differs
 */
export async function maxError(actual: tf.Tensor, expected: DecodedTensor): Promise<number> {
  if (actual.shape.join() !== expected.shape.join()) {
    throw new Error(`the shape is [${actual.shape}], not [${expected.shape}]`);
  }
  if (!dtypes[expected.dtype].includes(actual.dtype)) {
    throw new Error(`the dtype is ${actual.dtype}, not ${dtypes[expected.dtype].join(" or ")}`);
  }
  const values = await actual.data();
  if (values.length !== expected.data.length) {
    throw new Error(`it holds ${values.length} values, not ${expected.data.length}`);
  }
  let worst = 0;
  for (let index = 0; index < values.length; index++) {
    const wanted = Number(expected.data[index]);
    const error = Math.abs(values[index] - wanted) / Math.max(1, Math.abs(wanted));
    worst = Math.max(worst, Number.isNaN(error) ? Number.POSITIVE_INFINITY : error);
  }
  return worst;
}
