import * as tf from "@tensorflow/tfjs-core";
import { replaceKernel } from "../repair/replace-kernel.ts";

type Paddings = readonly (readonly [number, number])[];

/**
 * tfjs's pad shader is invalid WGSL above rank 4, where this pads one axis at a time as `[outer, axis, inner]`.
 * The gradient of slice pads too.
 */
export function replacePad(): void {
  replaceKernel<{ x: tf.Tensor }, { paddings: Paddings; constantValue: number }>(
    "webgpu",
    "PadV2",
    ({ inputs, attributes, original }) => {
      if (inputs.x.rank <= 4) return original(inputs, attributes);
      return padEachAxis(inputs.x, attributes.paddings, attributes.constantValue);
    },
  );
}

function padEachAxis(x: tf.Tensor, paddings: Paddings, constant: number): tf.Tensor {
  let padded = tf.clone(x);
  paddings.forEach(([before, after], axis) => {
    if (before === 0 && after === 0) return;
    const shape = padded.shape;
    const outer = shape.slice(0, axis).reduce((product, size) => product * size, 1);
    const flat = tf.reshape(padded, [outer, shape[axis], -1]); // [outer, axis, inner]
    const wider = tf.pad(
      flat,
      [
        [0, 0],
        [before, after],
        [0, 0],
      ],
      constant,
    ); // [outer, before+axis+after, inner]
    padded = tf.reshape(wider, [
      ...shape.slice(0, axis),
      before + shape[axis] + after,
      ...shape.slice(axis + 1),
    ]);
  });
  return padded;
}
