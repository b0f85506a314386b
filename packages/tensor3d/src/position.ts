import * as tf from "@tensorflow/tfjs-core";
import { NuwaError } from "./errors.ts";
import { type Grid, tokenCount } from "./grid.ts";
import { disposeParams, type Layer } from "./params.ts";
import { type Rng, randomNormal } from "./rng.ts";

export interface AxialPositionsConfig {
  /** The largest grid. */
  readonly grid: Grid;
  readonly dim: number;
}

/**
 * Learned positions, one table an axis: the token at (row i, column j, frame k) gets
 * `height[i] + width[j] + frames[k]`. Params: height `[h, dim]`, width `[w, dim]`, frames `[s, dim]`.
 */
export class AxialPositions implements Layer {
  readonly config: AxialPositionsConfig;
  readonly params: {
    readonly height: tf.Variable;
    readonly width: tf.Variable;
    readonly frames: tf.Variable;
  };

  constructor(config: AxialPositionsConfig, rng: Rng, { std = 0.02 }: { std?: number } = {}) {
    const { grid, dim } = config;
    this.config = config;
    this.params = tf.tidy(() => ({
      height: tf.variable(randomNormal([grid.height, dim], rng, { std })),
      width: tf.variable(randomNormal([grid.width, dim], rng, { std })),
      frames: tf.variable(randomNormal([grid.frames, dim], rng, { std })),
    }));
  }

  /**
   * The positions of the tokens of `grid` (default: the largest one) in raster order: `[tokens, dim]`.
   *
   * @throws NuwaError `SHAPE` when `grid` is larger than the config's along an axis
   */
  apply(grid: Grid = this.config.grid): tf.Tensor2D {
    const { grid: largest, dim } = this.config;
    for (const axis of ["height", "width", "frames"] as const) {
      if (!(grid[axis] <= largest[axis])) {
        throw new NuwaError(
          "SHAPE",
          `AxialPositions: wanted at most ${largest[axis]} along ${axis}, got ${grid[axis]}. Enlarge config.grid.`,
        );
      }
    }
    return tf.tidy(() => {
      const height = tf.reshape(firstRows(this.params.height, grid.height), [grid.height, 1, dim]);
      const width = tf.reshape(firstRows(this.params.width, grid.width), [1, grid.width, dim]);
      const frames = tf.reshape(firstRows(this.params.frames, grid.frames), [grid.frames, 1, dim]);
      const frame = tf.reshape(tf.add(height, width), [1, grid.height * grid.width, dim]);
      return tf.reshape(tf.add(frames, frame), [tokenCount(grid), dim]) as tf.Tensor2D;
    });
  }

  dispose(): void {
    disposeParams(this);
  }
}

function firstRows(table: tf.Tensor, count: number): tf.Tensor {
  return table.shape[0] === count ? table : tf.slice(table, [0, 0], [count, table.shape[1] as number]);
}
