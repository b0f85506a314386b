import * as tf from "@tensorflow/tfjs-core";
import { NuwaError } from "./errors.ts";
import { disposeParams, type Layer } from "./params.ts";
import { type Rng, randomNormal } from "./rng.ts";

export interface EmbeddingConfig {
  readonly count: number;
  readonly dim: number;
}

/** A table of `count` vectors, looked up by index. Params: weight `[count, dim]`. */
export class Embedding implements Layer {
  readonly config: EmbeddingConfig;
  readonly params: { readonly weight: tf.Variable };

  constructor(config: EmbeddingConfig, rng: Rng, { std = 0.02 }: { std?: number } = {}) {
    this.config = config;
    this.params = tf.tidy(() => ({
      weight: tf.variable(randomNormal([config.count, config.dim], rng, { std })),
    }));
  }

  /**
   * int32 `[...]` -> `[..., dim]`. Indices outside the table are not checked, since that would read them
   * back: some backends throw, some give zeros.
   */
  apply(indices: tf.Tensor): tf.Tensor {
    if (indices.dtype !== "int32") {
      throw new NuwaError(
        "INPUT",
        `Embedding indices: wanted int32, got ${indices.dtype}. Cast them with tf.cast.`,
      );
    }
    return tf.tidy(() => {
      const rows = tf.gather(this.params.weight, tf.reshape(indices, [-1])); // [prod(indices), dim]
      return tf.reshape(rows, [...indices.shape, this.config.dim]);
    });
  }

  dispose(): void {
    disposeParams(this);
  }
}
