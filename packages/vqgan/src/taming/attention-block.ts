import { type GroupNorm, Linear, type Rng } from "@nuwa/tensor3d";
import * as tf from "@tensorflow/tfjs-core";
import { groupNorm } from "./res-block.ts";

export interface AttentionBlockConfig {
  readonly channels: number;
}

/**
 * `x + W^O · softmax(q kᵀ / √channels) v`: every position attends all of its picture, with one head, on the normalised
 * input. Takes O((h w)²) memory.
 */
export class AttentionBlock {
  readonly config: AttentionBlockConfig;
  readonly norm: GroupNorm;
  readonly query: Linear;
  readonly key: Linear;
  readonly value: Linear;
  readonly project: Linear;

  constructor(config: AttentionBlockConfig, rng: Rng) {
    const { channels } = config;
    const linear = (name: string, std?: number) =>
      new Linear({ inFeatures: channels, outFeatures: channels }, rng.fork(name), { std });
    this.config = config;
    this.norm = groupNorm(channels);
    this.query = linear("query");
    this.key = linear("key");
    this.value = linear("value");
    this.project = linear("project", 0.3 * channels ** -0.5);
  }

  /** `[b, h, w, c]` -> the same. */
  apply(x: tf.Tensor4D): tf.Tensor4D {
    const [batch, height, width, channels] = x.shape;
    return tf.tidy(() => {
      const rows = tf.reshape(this.norm.apply(x), [batch, height * width, channels]);
      const query = tf.mul(this.query.apply(rows), channels ** -0.5);
      // Transposed apart: batched products with a transposed operand are slow on some backends.
      const keys = tf.transpose(this.key.apply(rows), [0, 2, 1]); // [b, c, h·w]
      const shares = tf.softmax(tf.matMul(query, keys)); // [b, h·w, h·w]
      const attended = this.project.apply(tf.matMul(shares, this.value.apply(rows)));
      return tf.add(x, tf.reshape(attended, x.shape)) as tf.Tensor4D;
    });
  }

  dispose(): void {
    for (const layer of [this.norm, this.query, this.key, this.value, this.project]) layer.dispose();
  }
}
