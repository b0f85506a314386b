import { assertShape, type Grid, Linear, NuwaError, type Rng } from "@nuwa/tensor3d";
import * as tf from "@tensorflow/tfjs-core";
import { type AttentionBias, attendSequence } from "./attend.ts";
import { mergeHeads, splitHeads } from "./heads.ts";
import type { AttentionPattern } from "./pattern.ts";

export interface Attention3DConfig {
  /** Features of the queries and of the result. */
  readonly dim: number;
  readonly heads: number;
  /** Default `dim / heads`. */
  readonly headDim?: number;
  /** Features of the context that is attended. Default `dim`. */
  readonly contextDim?: number;
}

export interface Attention3DOptions {
  readonly pattern: AttentionPattern;
  readonly queryGrid: Grid;
  /** `[b, m, contextDim]`, over `keyGrid`. Default: the queries' own sequence. */
  readonly context?: tf.Tensor;
  readonly keyGrid?: Grid;
  readonly causal?: boolean;
  readonly bias?: AttentionBias;
}

export interface Attention3DInit {
  /** Standard deviation of the output's weights as drawn. Default `inFeatures ** -0.5`, as of the others. */
  readonly outputStd?: number;
}

/** Keys and values of a context, split into heads: `[b, heads, m, headDim]` each. */
export interface AttentionMemory {
  readonly keys: tf.Tensor4D;
  readonly values: tf.Tensor4D;
}

/**
 * Multi-head attention under a pattern: `concat_heads(attend(x W^Q, c W^K, c W^V)) W^O`, without biases on
 * queries, keys and values. Params: `query.weight`, `key.weight`, `value.weight`, `output.weight`, `output.bias`.
 */
export class Attention3D {
  readonly config: Required<Attention3DConfig>;
  readonly query: Linear;
  readonly key: Linear;
  readonly value: Linear;
  readonly output: Linear;

  constructor(config: Attention3DConfig, rng: Rng, init: Attention3DInit = {}) {
    const { dim, heads } = config;
    const headDim = config.headDim ?? dim / heads;
    if (!Number.isInteger(headDim)) {
      throw new NuwaError(
        "CONFIG",
        `Attention3D: dim must be a multiple of heads, got dim ${dim} and heads ${heads}. Change one, or give headDim.`,
      );
    }
    this.config = { dim, heads, headDim, contextDim: config.contextDim ?? dim };
    const inner = heads * headDim;
    const context = { inFeatures: this.config.contextDim, outFeatures: inner, bias: false };
    this.query = new Linear({ inFeatures: dim, outFeatures: inner, bias: false }, rng.fork("query"));
    this.key = new Linear(context, rng.fork("key"));
    this.value = new Linear(context, rng.fork("value"));
    this.output = new Linear({ inFeatures: inner, outFeatures: dim }, rng.fork("output"), {
      std: init.outputStd,
    });
  }

  /** `[b, n, dim]` -> `[b, n, dim]`. */
  apply(x: tf.Tensor, { context = x, ...options }: Attention3DOptions): tf.Tensor3D {
    assertShape("Attention3D x", x, ["b", "n", this.config.dim]);
    assertShape("Attention3D context", context, ["b", "m", this.config.contextDim]);
    return tf.tidy(() => {
      const [query, key, value] = [this.query.apply(x), this.key.apply(context), this.value.apply(context)];
      const { heads } = this.config;
      const y = attendSequence(query as tf.Tensor3D, key as tf.Tensor3D, value as tf.Tensor3D, {
        heads,
        ...options,
      });
      return this.output.apply(y) as tf.Tensor3D; // [b, n, dim]
    });
  }

  /** Keys and values of a context `[b, m, contextDim]`, for `step`. */
  memory(context: tf.Tensor): AttentionMemory {
    assertShape("Attention3D context", context, ["b", "m", this.config.contextDim]);
    return tf.tidy(() => ({
      keys: this.splitHeads(this.key.apply(context)),
      values: this.splitHeads(this.value.apply(context)),
    }));
  }

  /**
   * One decoding step: queries attend a memory that the caller selects.
   *
   * @param x `[b, p, dim]` the step's positions
   * @param memory `[b, heads, m, headDim]` each
   * @param mask broadcast to `[b, heads, p, m]` and added to the scores: 0 where attended, -1e9 where not,
   * plus a bias if there is one. Default: everything is attended
   * @returns `[b, p, dim]`
   */
  step(x: tf.Tensor, { keys, values }: AttentionMemory, mask?: tf.Tensor): tf.Tensor3D {
    return tf.tidy(() => {
      const queries = tf.mul(this.queries(x), this.config.headDim ** -0.5);
      const products = tf.matMul(queries, keys, false, true); // [b, heads, p, m]
      const weights = tf.softmax(mask ? tf.add(products, mask) : products);
      return this.merge(tf.matMul(weights, values) as tf.Tensor4D);
    });
  }

  dispose(): void {
    for (const layer of [this.query, this.key, this.value, this.output]) layer.dispose();
  }

  private queries(x: tf.Tensor): tf.Tensor4D {
    return this.splitHeads(this.query.apply(x));
  }

  private splitHeads(x: tf.Tensor): tf.Tensor4D {
    return splitHeads(x, this.config.heads);
  }

  private merge(y: tf.Tensor4D): tf.Tensor3D {
    return this.output.apply(mergeHeads(y)) as tf.Tensor3D; // [b, n, dim]
  }
}
