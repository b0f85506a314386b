import * as tf from "@tensorflow/tfjs-core";

/** tfjs-core's gradient of gather needs chained ops when there are batch axes, and knows one at most. */
export const gatherGradient: tf.GradConfig = {
  kernelName: tf.GatherV2,
  inputsToSave: ["x", "indices"],
  gradFunc: (dy, saved, attributes) => {
    const [x, indices] = saved;
    const { axis, batchDims = 0 } = attributes as unknown as { axis: number; batchDims?: number };
    const [where] = tf.util.parseAxisParam(axis, x.shape);
    const first = batchDims < 0 ? batchDims + indices.rank : batchDims;
    return {
      x: () => gatherBackward(dy as tf.Tensor, x.shape, indices, where, first),
      ...noGradient({ indices }),
    };
  },
};

export const gatherNdGradient: tf.GradConfig = {
  kernelName: tf.GatherNd,
  inputsToSave: ["params", "indices"],
  gradFunc: (dy, [params, indices]) => ({
    params: () => tf.scatterND(indices, dy as tf.Tensor, params.shape),
    ...noGradient({ indices }),
  }),
};

export const scatterNdGradient: tf.GradConfig = {
  kernelName: tf.ScatterNd,
  inputsToSave: ["indices"],
  gradFunc: (dy, [indices]) => ({
    updates: () => tf.gatherND(dy as tf.Tensor, indices),
    ...noGradient({ indices }),
  }),
};

export const tensorScatterUpdateGradient: tf.GradConfig = {
  kernelName: tf.TensorScatterUpdate,
  inputsToSave: ["indices"],
  gradFunc: (dy, [indices]) => {
    const upstream = dy as tf.Tensor;
    const updates = () => tf.gatherND(upstream, indices);
    // Not by tensorScatterUpdate itself: on cpu it writes into its input.
    const tensor = () => {
      const hits = tf.scatterND(indices, tf.onesLike(updates()), upstream.shape);
      return tf.mul(upstream, tf.cast(tf.equal(hits, 0), "float32"));
    };
    return { tensor, updates, ...noGradient({ indices }) };
  },
};

/** Zeros, in float32 as the tape wants them, for inputs that have no gradient. */
export function noGradient(inputs: Record<string, tf.Tensor>): Record<string, () => tf.Tensor> {
  return Object.fromEntries(
    Object.entries(inputs).map(([name, input]) => [name, () => tf.zeros(input.shape, "float32")]),
  );
}

/** Adds the rows of `dy` up by index: one segment for each (batch, index). */
function gatherBackward(
  dy: tf.Tensor,
  shape: number[],
  indices: tf.Tensor,
  axis: number,
  batchDims: number,
): tf.Tensor {
  const batch = product(shape.slice(0, batchDims));
  const outer = product(shape.slice(batchDims, axis));
  const size = shape[axis];
  const inner = product(shape.slice(axis + 1));
  const count = indices.size / batch;
  let rows = tf.reshape(dy, [batch, outer, count, inner]);
  if (outer > 1) rows = tf.transpose(rows, [0, 2, 1, 3]); // [batch, count, outer, inner]
  let segments = tf.cast(tf.reshape(indices, [batch, count]), "int32");
  if (batch > 1)
    segments = tf.add(segments, tf.reshape(tf.range(0, batch * size, size, "int32"), [batch, 1]));
  const sums = tf.unsortedSegmentSum(
    tf.reshape(rows, [batch * count, outer * inner]),
    tf.reshape(segments, [batch * count]) as tf.Tensor1D,
    batch * size,
  ); // [batch * size, outer * inner]
  if (outer === 1) return tf.reshape(sums, shape);
  return tf.reshape(tf.transpose(tf.reshape(sums, [batch, size, outer, inner]), [0, 2, 1, 3]), shape);
}

function product(sizes: number[]): number {
  return sizes.reduce((total, size) => total * size, 1);
}
