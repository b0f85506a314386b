import * as tf from "@tensorflow/tfjs-core";
import { replaceKernel } from "../repair/replace-kernel.ts";

interface Attributes {
  readonly depth: number;
  readonly onValue: number;
  readonly offValue: number;
  readonly dtype: tf.DataType;
}

/** The wasm kernel writes integers whatever type is asked for, so others are cast after. */
export function replaceOneHot(): void {
  replaceKernel<{ indices: tf.Tensor }, Attributes>("wasm", "OneHot", ({ inputs, attributes, original }) => {
    const { onValue, offValue, dtype } = attributes;
    if (dtype === "int32") return original(inputs, attributes);
    const ones = tf.cast(original(inputs, { ...attributes, onValue: 1, offValue: 0, dtype: "int32" }), dtype);
    if (onValue === 1 && offValue === 0) return ones;
    return tf.add(tf.mul(ones, onValue - offValue), offValue);
  });
}
