import * as tf from "@tensorflow/tfjs-core";
import { replaceKernel } from "../repair/replace-kernel.ts";

/** The wasm kernel truncates numbers to bytes to make bools: 0.5 and 256 would be false. */
export function replaceCast(): void {
  replaceKernel<{ x: tf.Tensor }, { dtype: tf.DataType }>(
    "wasm",
    "Cast",
    ({ inputs, attributes, original }) => {
      const { x } = inputs;
      if (attributes.dtype !== "bool" || x.dtype === "bool") return original(inputs, attributes);
      return tf.notEqual(x, tf.scalar(0, x.dtype as "float32" | "int32"));
    },
  );
}
