import * as tf from "@tensorflow/tfjs-core";

/** tfjs-core's gradient of tile stops at rank 4, and takes one slice for every copy. */
export const tileGradient: tf.GradConfig = {
  kernelName: tf.Tile,
  inputsToSave: ["x"],
  gradFunc: (dy, [x], attributes) => {
    const { reps } = attributes as unknown as { reps: number[] };
    const derX = () => {
      let rest = dy as tf.Tensor;
      let before = 1;
      for (const [axis, copies] of reps.entries()) {
        const size = x.shape[axis];
        if (copies !== 1) {
          const after = rest.size / (before * copies * size);
          rest = tf.sum(tf.reshape(rest, [before, copies, size * after]), 1); // [before, size * after]
        }
        before *= size;
      }
      return tf.reshape(rest, x.shape);
    };
    return { x: derX };
  },
};

/** tfjs-core has none. It moves the pixels back. */
export const depthToSpaceGradient: tf.GradConfig = {
  kernelName: tf.DepthToSpace,
  gradFunc: (dy, _saved, attributes) => {
    const { blockSize, dataFormat } = attributes as unknown as { blockSize: number; dataFormat: string };
    const upstream = dy as tf.Tensor4D;
    const derX = () => {
      if (dataFormat === "NHWC") return spaceToDepth(upstream, blockSize);
      return tf.transpose(spaceToDepth(tf.transpose(upstream, [0, 2, 3, 1]), blockSize), [0, 3, 1, 2]);
    };
    return { x: derX };
  },
};

function spaceToDepth(x: tf.Tensor4D, block: number): tf.Tensor4D {
  const [batch, height, width, channels] = x.shape;
  const [rows, columns] = [height / block, width / block];
  const lines = tf.reshape(x, [batch * rows, block, columns, block * channels]);
  const blocks = tf.transpose(lines, [0, 2, 1, 3]); // [batch * rows, columns, block, block * channels]
  return tf.reshape(blocks, [batch, rows, columns, block * block * channels]);
}

/** tfjs-core's gradient of mirrorPad drops what flows through the mirrored borders. */
export const mirrorPadGradient: tf.GradConfig = {
  kernelName: tf.MirrorPad,
  inputsToSave: ["x"],
  gradFunc: (dy, [x], attributes) => {
    const { paddings, mode } = attributes as unknown as {
      paddings: [number, number][];
      mode: "reflect" | "symmetric";
    };
    const derX = () => {
      let rest = dy as tf.Tensor;
      let before = 1;
      for (const [axis, [low, high]] of paddings.entries()) {
        const size = x.shape[axis];
        if (low + high > 0) rest = unmirror(rest, before, size, low, high, mode === "reflect" ? 1 : 0);
        before *= size;
      }
      return tf.reshape(rest, x.shape);
    };
    return { x: derX };
  },
};

/** Folds the mirrored borders of one axis back; `skip` elements at the edge are not mirrored. */
function unmirror(
  dy: tf.Tensor,
  before: number,
  size: number,
  low: number,
  high: number,
  skip: number,
): tf.Tensor {
  const lines = tf.reshape(dy, [before, low + size + high, -1]) as tf.Tensor3D;
  const after = lines.shape[2];
  const part = (start: number, length: number) => tf.slice(lines, [0, start, 0], [before, length, after]);
  const fold = (start: number, length: number, place: number) =>
    tf.pad(tf.reverse(part(start, length), 1), [
      [0, 0],
      [place, size - place - length],
      [0, 0],
    ]);
  let sum: tf.Tensor = part(low, size);
  if (low > 0) sum = tf.add(sum, fold(0, low, skip));
  if (high > 0) sum = tf.add(sum, fold(low + size, high, size - skip - high));
  return sum; // [before, size, after]
}
