import { assertShape, type Grid, Linear, NuwaError, type Rng } from "@nuwa/tensor3d";
import * as tf from "@tensorflow/tfjs-core";
import { attendSequence } from "./attend.ts";
import { type AttentionBias, attendTable } from "./attend-table.ts";
import type { CacheStep } from "./decode/cache-plan.ts";
import type { AttentionMemory, KeyValueCache } from "./decode/key-value-cache.ts";
import type { SelectedRows } from "./decode/select-rows.ts";
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

  /** Keys and values of a context `[b, m, contextDim]`, for `recall`. The caller disposes them. */
  memory(context: tf.Tensor): AttentionMemory {
    assertShape("Attention3D context", context, ["b", "m", this.config.contextDim]);
    const keys = this.key.apply(context) as tf.Tensor3D;
    return { keys, values: this.value.apply(context) as tf.Tensor3D };
  }

  /**
   * A decoding step of self-attention: the positions' keys and values are written to the cache, then they attend it.
   *
   * @param x `[b, p, dim]` the step's positions
   * @param bias as in `apply`, for the whole table
   * @returns `[b, p, dim]`, equal to `apply`'s rows at these positions
   */
  step(x: tf.Tensor, cache: KeyValueCache, step: CacheStep, bias?: AttentionBias): tf.Tensor3D {
    return tf.tidy(() => this.recall(x, cache.extend(this.memory(x), step), step, bias));
  }

  /**
   * Positions attend a memory under some rows of a table, such as those that `selectRows` takes from it.
   *
   * @param x `[b, p, dim]`, one for each row
   * @param bias as in `apply`, for the whole table
   * @returns `[b, p, dim]`
   */
  recall(
    x: tf.Tensor,
    { keys, values }: AttentionMemory,
    { table, entries }: SelectedRows,
    bias?: AttentionBias,
  ): tf.Tensor3D {
    const { heads, headDim, dim } = this.config;
    assertShape("Attention3D x", x, ["b", table.offsets.length - 1, dim]);
    return tf.tidy(() => {
      const own = bias && { ...bias, offsetOf: entries.map((entry) => bias.offsetOf[entry]) };
      const options = { table, heads, scale: headDim ** -0.5, bias: own };
      return this.output.apply(attendTable(this.query.apply(x), keys, values, options)) as tf.Tensor3D;
    });
  }

  dispose(): void {
    for (const layer of [this.query, this.key, this.value, this.output]) layer.dispose();
  }
}
