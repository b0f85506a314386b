import { coordinateOf, Rng, tokenCount, videoGrid } from "@nuwa/tensor3d";
import * as tf from "@tensorflow/tfjs-core";
import { rotaryTable, rotate } from "../rotary.ts";
import { relativeError, TOLERANCE } from "./suite.ts";

const grid = videoGrid(3, 4, 3);
const [batch, heads, headDim] = [2, 3, 10];
const half = headDim / 2;
/** Axis and radians a step of each pair: 5 pairs are 1 of rows, 1 of columns and 3 of frames. */
const pairs = [
  [0, 1],
  [1, 1],
  [2, 1],
  [2, 10000 ** (-1 / 3)],
  [2, 10000 ** (-2 / 3)],
] as const;

/** Compares `rotate` and its gradient on the current backend with loops in double precision; a line for each error. */
export async function rotaryFailures(): Promise<string[]> {
  const before = tf.memory().numTensors;
  const shape: [number, number, number] = [batch, tokenCount(grid), heads * headDim];
  const rng = new Rng(1);
  const [xs, dys] = ["x", "dy"].map((name) =>
    rng.fork(name).normal(batch * tokenCount(grid) * heads * headDim),
  );
  const [x, dy] = [xs, dys].map((values) => tf.tensor3d(values, shape));
  const table = rotaryTable(grid, headDim);
  const f = (input: tf.Tensor) => rotate(input as tf.Tensor3D, table);
  const results = [f(x), tf.grad(f)(x, dy)];
  const expected = [turned(xs, 1), turned(dys, -1)];
  const failures: string[] = [];
  for (const [index, result] of results.entries()) {
    const error = relativeError(await result.data(), expected[index], 1);
    if (!(error <= TOLERANCE)) failures.push(`${["y", "dx"][index]} off by ${error.toExponential(1)}`);
  }
  tf.dispose([x, dy, results, { ...table }]);
  const left = tf.memory().numTensors - before;
  return left === 0 ? failures : [...failures, `${left} tensors left behind`];
}

/** `[batch, tokens, heads * headDim]` turned forward (1) or back (-1). */
function turned(values: Float32Array, direction: 1 | -1): Float64Array {
  const result = new Float64Array(values.length);
  for (let start = 0; start < values.length; start += headDim) {
    const { row, column, frame } = coordinateOf(
      grid,
      Math.floor(start / (heads * headDim)) % tokenCount(grid),
    );
    pairs.forEach(([axis, rate], pair) => {
      const angle = direction * rate * [row, column, frame][axis];
      const [a, b] = [values[start + pair], values[start + pair + half]];
      result[start + pair] = a * Math.cos(angle) - b * Math.sin(angle);
      result[start + pair + half] = a * Math.sin(angle) + b * Math.cos(angle);
    });
  }
  return result;
}
