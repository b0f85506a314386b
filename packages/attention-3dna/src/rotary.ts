import { assertShape, coordinateOf, type Grid, NuwaError, tokenCount } from "@nuwa/tensor3d";
import * as tf from "@tensorflow/tfjs-core";

/** How far the features of each token are turned, `[tokens, headDim]` each; the pairs' second halves repeat the first. */
export interface RotaryTable {
  readonly cos: tf.Tensor2D;
  /** Negative in the first half, as `rotate` adds it. */
  readonly sin: tf.Tensor2D;
}

/**
 * Rotary positions (Su et al., arXiv 2104.09864) of a 3D grid: a head's features `m` and `m + headDim / 2` are a pair
 * that is turned by an angle proportional to one of the token's coordinates, so that the product of a query and a key
 * depends on their offset. A third of the pairs is turned by the row, the next third by the column and what is left by
 * the frame: pair `m` of the `c` pairs of an axis by `coordinate * 10000^(-m / c)` radians.
 *
 * @param headDim even, at least 6: a pair for each axis
 * @returns the tokens of `grid` in raster order; the caller disposes both tensors
 * @throws NuwaError `CONFIG` for another headDim
 */
export function rotaryTable(grid: Grid, headDim: number): RotaryTable {
  if (!(headDim % 2 === 0 && headDim >= 6)) {
    throw new NuwaError(
      "CONFIG",
      `rotaryTable: headDim must be even and at least 6, got ${headDim}. Use fewer or larger heads.`,
    );
  }
  const half = headDim / 2;
  const count = tokenCount(grid);
  const cos = new Float32Array(count * headDim);
  const sin = new Float32Array(count * headDim);
  for (let token = 0; token < count; token++) {
    pairAngles(grid, token, half).forEach((angle, pair) => {
      const first = token * headDim + pair;
      cos[first] = cos[first + half] = Math.cos(angle);
      sin[first + half] = Math.sin(angle);
      sin[first] = -sin[first + half];
    });
  }
  const shape: [number, number] = [count, headDim];
  return { cos: tf.tensor2d(cos, shape), sin: tf.tensor2d(sin, shape) };
}

/** `[half]` radians. */
function pairAngles(grid: Grid, token: number, half: number): number[] {
  const { row, column, frame } = coordinateOf(grid, token);
  const third = Math.floor(half / 3);
  return [row, column, frame].flatMap((coordinate, axis) => {
    const pairs = axis < 2 ? third : half - 2 * third;
    return Array.from({ length: pairs }, (_, pair) => coordinate * 10000 ** (-pair / pairs));
  });
}

/**
 * Turns every head's features by the angles of their tokens. The gradient turns back.
 *
 * @param x `[b, tokens, heads * headDim]`, heads side by side
 * @returns as `x`
 */
export function rotate(x: tf.Tensor3D, { cos, sin }: RotaryTable): tf.Tensor3D {
  const [tokens, headDim] = cos.shape;
  assertShape("rotate x", x, ["b", tokens, "heads * headDim"]);
  assertShape("rotate sin", sin, [tokens, headDim]);
  const run = tf.customGrad((...inputs) => {
    const save = inputs[1] as unknown as tf.GradSaveFunc;
    save([cos, sin]);
    return {
      value: turned(inputs[0] as tf.Tensor3D, cos, sin),
      gradFunc: (dy: tf.Tensor, [cos, sin]: tf.Tensor[]) => turned(dy as tf.Tensor3D, cos, tf.neg(sin)),
    };
  });
  return tf.tidy(() => run(x)) as tf.Tensor3D;
}

function turned(x: tf.Tensor3D, cos: tf.Tensor, sin: tf.Tensor): tf.Tensor3D {
  const [batch, tokens, features] = x.shape;
  const headDim = cos.shape[1]!;
  const heads = tf.reshape(x, [batch, tokens, features / headDim, headDim]);
  const [first, second] = tf.split(heads, 2, 3);
  const swapped = tf.concat([second, first], 3); // [b, tokens, heads, headDim]
  const factor = (table: tf.Tensor) => tf.reshape(table, [tokens, 1, headDim]);
  return tf.reshape(tf.add(tf.mul(heads, factor(cos)), tf.mul(swapped, factor(sin))), x.shape);
}
