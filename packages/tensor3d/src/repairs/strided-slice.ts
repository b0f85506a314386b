import * as tf from "@tensorflow/tfjs-core";

interface Attributes {
  begin: number[];
  end: number[];
  strides: number[];
  beginMask: number;
  endMask: number;
  ellipsisMask: number;
  newAxisMask: number;
  shrinkAxisMask: number;
}

/** tfjs-core has none. It puts every element of `dy` back in its place, one axis at a time. */
export const stridedSliceGradient: tf.GradConfig = {
  kernelName: tf.StridedSlice,
  inputsToSave: ["x"],
  gradFunc: (dy, [x], attributes) => {
    const spec = attributes as unknown as Attributes;
    const derX = () => {
      const { begin, end, strides } = tf.slice_util.sliceInfo(
        x.shape,
        spec.begin,
        spec.end,
        spec.strides,
        spec.beginMask,
        spec.endMask,
        spec.ellipsisMask,
        spec.newAxisMask,
        spec.shrinkAxisMask,
      );
      const counts = begin.map((first, axis) => Math.max(0, Math.ceil((end[axis] - first) / strides[axis])));
      if (counts.includes(0)) return tf.zerosLike(x);
      let rest = dy as tf.Tensor;
      let before = 1;
      for (const [axis, size] of x.shape.entries()) {
        const lines = tf.reshape(rest, [before, counts[axis], -1]);
        rest = spread(lines as tf.Tensor3D, begin[axis], strides[axis], size);
        before *= size;
      }
      return tf.reshape(rest, x.shape);
    };
    return { x: derX };
  },
};

/** `[before, count, after]` -> `[before, size, after]`: element i goes to `begin + i * stride`, the rest is 0. */
function spread(lines: tf.Tensor3D, begin: number, stride: number, size: number): tf.Tensor {
  const [before, count, after] = lines.shape;
  const step = Math.abs(stride);
  const first = stride > 0 ? begin : begin + (count - 1) * stride;
  const ascending = stride > 0 ? lines : tf.reverse(lines, 1);
  const span = (count - 1) * step + 1;
  let spaced: tf.Tensor = ascending;
  if (step > 1 && count > 1) {
    const gaps = tf.pad(tf.reshape(ascending, [before * count, 1, after]), [
      [0, 0],
      [0, step - 1],
      [0, 0],
    ]); // [before * count, step, after]
    spaced = tf.slice(tf.reshape(gaps, [before, count * step, after]), [0, 0, 0], [before, span, after]);
  }
  if (span === size) return spaced;
  return tf.pad(spaced, [
    [0, 0],
    [first, size - first - span],
    [0, 0],
  ]);
}
