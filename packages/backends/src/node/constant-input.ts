import * as tf from "@tensorflow/tfjs-core";

/**
 * An int32 input of an operation that is known beforehand, such as the axes of a sum. The backend
 * keeps one tensor for each, instead of making and freeing one for every call.
 */
export interface ConstantInput {
  readonly constant: readonly number[];
  readonly shape: readonly number[];
  readonly dtype: "int32";
  /** Does nothing: the backend keeps it. */
  dispose(): void;
}

const nothing = () => {};

// These stand in for tfjs's functions in the bundled kernels, which use what they make as inputs only.

/** A constant for int32, tfjs's tensor otherwise. */
export function scalar(value: number, dtype?: tf.DataType): ConstantInput | tf.Scalar {
  if (dtype !== "int32" || typeof value !== "number") return tf.scalar(value, dtype);
  return { constant: [value], shape: [], dtype, dispose: nothing };
}

/** A constant for int32, tfjs's tensor otherwise. */
export function tensor1d(values: number[], dtype?: tf.DataType): ConstantInput | tf.Tensor1D {
  if (dtype !== "int32") return tf.tensor1d(values, dtype);
  return { constant: values, shape: [values.length], dtype, dispose: nothing };
}

/** A constant for int32, tfjs's tensor otherwise. */
export function tensor2d(
  values: number[][],
  shape: [number, number],
  dtype?: tf.DataType,
): ConstantInput | tf.Tensor2D {
  if (dtype !== "int32") return tf.tensor2d(values, shape, dtype);
  return { constant: values.flat(), shape, dtype, dispose: nothing };
}
