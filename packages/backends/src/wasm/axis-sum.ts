import * as tf from "@tensorflow/tfjs-core";

/**
 * Channels that are pooled at once: XNNPACK keeps their sums on its stack, whose 64 kB nothing guards. Of fewer than the
 * least, which only sizes with large prime factors leave, its table of pointers would be as large as the tensor.
 */
const MOST_CHANNELS = 1024;
const LEAST_CHANNELS = 16;

/**
 * The sum over neighbouring axes before the last one, by average pooling: tfjs's wasm kernel transposes its input first,
 * number by number. Summed in two stages of about the same length, which rounds less than one sum of all. Undefined where
 * it does not apply.
 */
export function axisSum(x: tf.Tensor, axes: readonly number[], keepDims: boolean): tf.Tensor | undefined {
  const [first] = axes;
  const end = first + axes.length;
  const neighbours = axes.every((axis, place) => axis === first + place);
  if (axes.length === 0 || !neighbours || end >= x.rank || x.dtype !== "float32") return undefined;
  const outer = tf.util.sizeFromShape(x.shape.slice(0, first));
  const count = tf.util.sizeFromShape(x.shape.slice(first, end));
  const inner = tf.util.sizeFromShape(x.shape.slice(end));
  const stage = largestDivisor(count, Math.sqrt(count));
  if (!poolsRows(inner) || !poolsRows(stage * inner)) return undefined;
  const partial = poolRows(x, [outer, count / stage, stage * inner]);
  const sums = tf.mul(poolRows(partial, [outer, stage, inner]), count);
  const kept = keepDims ? axes.map(() => 1) : [];
  return tf.reshape(sums, [...x.shape.slice(0, first), ...kept, ...x.shape.slice(end)]);
}

/** The mean of all rows of x, seen as `[outer, rows, width]` -> `[outer, 1, width / channels, channels]`. */
function poolRows(x: tf.Tensor, [outer, rows, width]: readonly [number, number, number]): tf.Tensor4D {
  const channels = largestDivisor(width, MOST_CHANNELS);
  const picture = tf.reshape(x, [outer, rows, width / channels, channels]) as tf.Tensor4D;
  return tf.avgPool(picture, [rows, 1], 1, "valid");
}

function poolsRows(width: number): boolean {
  return largestDivisor(width, MOST_CHANNELS) >= Math.min(width, LEAST_CHANNELS);
}

/** The largest divisor of a size that is at most `most`. */
function largestDivisor(size: number, most: number): number {
  let divisor = Math.min(size, Math.floor(most));
  while (size % divisor !== 0) divisor--;
  return divisor;
}
