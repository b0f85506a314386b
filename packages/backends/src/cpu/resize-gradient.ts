import * as tf from "@tensorflow/tfjs-core";
import { replaceKernel } from "../repair/replace-kernel.ts";

interface Inputs {
  readonly images: tf.Tensor4D;
  readonly dy: tf.Tensor4D;
}

/** The gradient of resizeNearestNeighbor mixes the images of a batch up. Here they become channels of one image. */
export function replaceResizeGradient(): void {
  replaceKernel<Inputs, object>("cpu", "ResizeNearestNeighborGrad", ({ inputs, attributes, original }) => {
    const [batch, height, width, channels] = inputs.images.shape;
    if (batch === 1) return original(inputs, attributes);
    const folded = original({ images: fold(inputs.images), dy: fold(inputs.dy) }, attributes);
    const split = tf.reshape(folded, [height, width, batch, channels]);
    return tf.transpose(split, [2, 0, 1, 3]); // [batch, height, width, channels]
  });
}

/** `[batch, height, width, channels]` -> `[1, height, width, batch * channels]`. */
function fold(x: tf.Tensor4D): tf.Tensor4D {
  const [batch, height, width, channels] = x.shape;
  return tf.reshape(tf.transpose(x, [1, 2, 0, 3]), [1, height, width, batch * channels]);
}
