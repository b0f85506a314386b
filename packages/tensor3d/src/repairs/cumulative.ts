import * as tf from "@tensorflow/tfjs-core";

/** tfjs-core's gradient of prod needs chained ops. This one is right where elements are 0, too. */
export const prodGradient: tf.GradConfig = {
  kernelName: tf.Prod,
  inputsToSave: ["x"],
  gradFunc: (dy, [x], attributes) => {
    const { axis } = attributes as unknown as { axis?: number | number[] };
    const axes = tf.util.parseAxisParam(axis as number[], x.shape);
    const others = x.shape.map((_, index) => index).filter((index) => !axes.includes(index));
    const order = [...others, ...axes];
    const derX = () => {
      const permuted = tf.transpose(x, order);
      const factors = axes.reduce((size, index) => size * x.shape[index], 1);
      const rows = tf.reshape(permuted, [-1, factors]);
      const before = tf.cumprod(rows, 1, true, false);
      const after = tf.cumprod(rows, 1, true, true);
      const dRows = tf.mul(tf.mul(before, after), tf.reshape(dy as tf.Tensor, [-1, 1]));
      return tf.transpose(tf.reshape(dRows, permuted.shape), inverse(order));
    };
    return { x: derX };
  },
};

/** tfjs-core's gradient of cumsum transposes its result unless the axis is the last. */
export const cumsumGradient: tf.GradConfig = {
  kernelName: tf.Cumsum,
  gradFunc: (dy, _saved, attributes) => {
    const { axis, exclusive, reverse } = attributes as unknown as {
      axis: number;
      exclusive: boolean;
      reverse: boolean;
    };
    return { x: () => tf.cumsum(dy as tf.Tensor, axis, exclusive, !reverse) };
  },
};

function inverse(order: number[]): number[] {
  const result = new Array<number>(order.length);
  for (const [place, axis] of order.entries()) result[axis] = place;
  return result;
}
