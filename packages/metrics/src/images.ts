import { assertShape, NuwaError } from "@nuwa/tensor3d";
import type * as tf from "@tensorflow/tfjs-core";

/** The values of black and of white. */
export type PixelRange = readonly [black: number, white: number];

/** Checks two batches of images to compare: float32, `[batch, height, width, channels]`, of one shape. */
export function assertImagePair(where: string, a: tf.Tensor, b: tf.Tensor): void {
  assertShape(`${where} a`, a, ["batch", "height", "width", "channels"]);
  assertShape(`${where} b`, b, a.shape);
  for (const [name, images] of Object.entries({ a, b })) {
    if (images.dtype !== "float32") {
      throw new NuwaError(
        "INPUT",
        `${where} ${name}: wanted float32 images, got ${images.dtype}. Use tf.cast, and say in "range" what is black and white.`,
      );
    }
  }
  if (a.size === 0) {
    throw new NuwaError(
      "SHAPE",
      `${where}: wanted at least one pixel, got the shape [${a.shape.join(", ")}].`,
    );
  }
}

/** White minus black. */
export function checkedSpan(where: string, [black, white]: PixelRange): number {
  const span = white - black;
  if (!(Number.isFinite(span) && span > 0)) {
    throw new NuwaError(
      "CONFIG",
      `${where}: range must be [black, white] with black below white, got [${black}, ${white}]. Use [-1, 1], [0, 1] or [0, 255].`,
    );
  }
  return span;
}
