import * as tf from "@tensorflow/tfjs-core";
import { replaceKernel } from "../repair/replace-kernel.ts";

/** tensorScatterUpdate writes into the tensor that it is given. This gives it a copy. */
export function replaceScatterUpdate(): void {
  replaceKernel<{ tensor: tf.Tensor }, object>(
    "cpu",
    "TensorScatterUpdate",
    ({ inputs, attributes, original }) => {
      const { dtype, shape } = inputs.tensor;
      const tensor = tf.tensor(inputs.tensor.dataSync().slice(), shape, dtype);
      return original({ ...inputs, tensor }, attributes);
    },
  );
}
