import type * as tf from "@tensorflow/tfjs-core";
import { NuwaError } from "./errors.ts";

/**
 * Checks the shape of a tensor.
 *
 * @param what where the tensor was given, for the message: `"Linear x"`
 * @param shape one entry per axis: a number is that size, a name any size (the same name, the same size);
 *   `"..."` in front stands for any leading axes, also none
 * @throws NuwaError `SHAPE`
 */
export function assertShape(what: string, x: tf.Tensor, shape: readonly (number | string)[]): void {
  const open = shape[0] === "...";
  const wanted = open ? shape.slice(1) : shape;
  const got = open ? x.shape.slice(Math.max(0, x.shape.length - wanted.length)) : x.shape;
  const names = new Map<string, number>();
  const fits =
    got.length === wanted.length &&
    wanted.every((size, axis) => {
      if (typeof size === "number") return got[axis] === size;
      const known = names.get(size);
      names.set(size, got[axis]);
      return known === undefined || known === got[axis];
    });
  if (!fits) {
    throw new NuwaError(
      "SHAPE",
      `${what}: wanted the shape [${shape.join(", ")}], got [${x.shape.join(", ")}]. Reshape it, or check the config.`,
    );
  }
}
