import * as tf from "@tensorflow/tfjs-core";
import { NuwaError } from "./errors.ts";
import { runFused } from "./fused-kernel.ts";
import { disposeParams, type Layer } from "./params.ts";
import { assertShape } from "./shape.ts";

export interface GroupNormConfig {
  /** Equal groups of neighbouring channels. */
  readonly groups: number;
  readonly channels: number;
  /** Added to the variance. Default 1e-5. */
  readonly epsilon?: number;
}

/**
 * `(x - mean) / sqrt(variance + epsilon) * gain + offset`, mean and variance over all positions and over a group of
 * channels, for each element of the batch apart (Wu and He, arXiv 1803.08494).
 * Params: gain `[channels]`, from 1; offset `[channels]`, from 0.
 */
export class GroupNorm implements Layer {
  readonly config: GroupNormConfig;
  readonly params: { readonly gain: tf.Variable; readonly offset: tf.Variable };

  /** @throws NuwaError `CONFIG` where the channels are no multiple of the groups */
  constructor(config: GroupNormConfig) {
    const { groups, channels } = config;
    if (channels % groups !== 0) {
      throw new NuwaError("CONFIG", `GroupNorm: wanted a multiple of ${groups} channels, got ${channels}.`);
    }
    this.config = config;
    this.params = tf.tidy(() => ({
      gain: tf.variable(tf.ones([channels])),
      offset: tf.variable(tf.zeros([channels])),
    }));
  }

  /** `[batch, ..., channels]` -> the same. */
  apply<T extends tf.Tensor>(x: T): T {
    const { groups, channels, epsilon = 1e-5 } = this.config;
    assertShape("GroupNorm x", x, x.rank > 2 ? ["...", channels] : ["batch", channels]);
    return tf.tidy(() => groupNorm(x, groups, this.params.gain, this.params.offset, epsilon));
  }

  dispose(): void {
    disposeParams(this);
  }
}

/** `[batch, ..., channels]` -> the same. */
function groupNorm<T extends tf.Tensor>(
  x: T,
  groups: number,
  gain: tf.Tensor,
  offset: tf.Tensor,
  epsilon: number,
): T {
  const attributes = { groups, epsilon };
  const run = tf.customGrad((...inputs) => {
    const [values, scale, shift] = inputs as tf.Tensor[];
    const save = inputs[3] as unknown as tf.GradSaveFunc;
    const fused = runFused("groupNorm", { x: values, gain: scale, offset: shift }, attributes);
    if (fused === undefined) return composed(values, groups, scale, shift, epsilon, save);
    save([values, scale]);
    const gradFunc = (dy: tf.Tensor, [given, gain]: tf.Tensor[]) =>
      runFused<tf.Tensor[]>("groupNormGradient", { x: given, dy, gain }, attributes)!;
    return { value: fused, gradFunc };
  });
  return run(x, gain, offset) as T;
}

/**
 * The result and its gradient from tfjs's operations. Sums go over positions first and then over the channels of a group,
 * so that nothing exceeds rank 3 and the gradient needs two sums over all of memory only.
 */
function composed(
  x: tf.Tensor,
  groups: number,
  gain: tf.Tensor,
  offset: tf.Tensor,
  epsilon: number,
  save: tf.GradSaveFunc,
): { value: tf.Tensor; gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => tf.Tensor[] } {
  const { shape } = x;
  const [batch, channels] = [shape[0], gain.size];
  const width = channels / groups;
  const positions = shape.slice(1, -1).reduce((product, size) => product * size, 1);
  const values = flat(x);
  const centred = tf.sub(values, groupMean(overPositions(values)));
  const variance = groupMean(overPositions(tf.square(centred)));
  const inverse = tf.rsqrt(tf.add(variance, epsilon)); // [batch, 1, channels]
  save([centred, inverse, gain]);
  const value = tf.reshape(tf.add(tf.mul(centred, tf.mul(inverse, gain)), offset), shape);
  return { value, gradFunc: gradient };

  /** `[batch, ..., channels]` -> `[batch, positions, channels]`. */
  function flat(values: tf.Tensor): tf.Tensor {
    return tf.reshape(values, [batch, positions, channels]);
  }

  /** `[batch, positions, channels]` -> `[batch, 1, channels]`. */
  function overPositions(values: tf.Tensor): tf.Tensor {
    return tf.sum(values, 1, true);
  }

  /** From sums over positions to the mean of each group, at each of its channels: `[batch, 1, channels]`. */
  function groupMean(sums: tf.Tensor): tf.Tensor {
    if (width === 1) return tf.div(sums, positions);
    const means = tf.div(tf.sum(tf.reshape(sums, [batch * groups, width]), 1, true), positions * width);
    return tf.reshape(tf.tile(means, [1, width]), [batch, 1, channels]);
  }

  // With n = centred * inverse and g = dy * gain: dx = (g - mean(g) - n * mean(g * n)) * inverse.
  function gradient(upstream: tf.Tensor, saved: tf.Tensor[]): tf.Tensor[] {
    return tf.tidy(() => {
      const [centred, inverse, scale] = saved;
      const dy = flat(upstream);
      const sums = overPositions(dy); // of dy
      const products = tf.mul(overPositions(tf.mul(dy, centred)), inverse); // of dy * n
      const meanG = groupMean(tf.mul(sums, scale));
      const meanGNormal = groupMean(tf.mul(products, scale));
      const correction = tf.add(tf.mul(centred, tf.mul(inverse, meanGNormal)), meanG);
      const dx = tf.mul(tf.sub(tf.mul(dy, scale), correction), inverse);
      return [tf.reshape(dx, shape), tf.sum(products, [0, 1]), tf.sum(sums, [0, 1])];
    });
  }
}
