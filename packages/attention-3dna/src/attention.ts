import { assertShape, type Grid, Linear, NuwaError, type Rng } from "@nuwa/tensor3d";
import * as tf from "@tensorflow/tfjs-core";
import { attendSequence } from "./attend.ts";
import type { AttentionBias } from "./attend-table.ts";
import { AttentionCache } from "./decode/attention-cache.ts";
import type { CacheStep } from "./decode/cache-plan.ts";
import { createCache, type KeyValueCache } from "./decode/key-value-cache.ts";
import type { SelectedRows } from "./decode/select-rows.ts";
import type { AttentionPattern } from "./pattern.ts";
import { type RotaryTable, rotate } from "./rotary.ts";

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
  /** Turns queries and keys by their places, in self-attention: the table of `queryGrid`. */
  readonly rotary?: RotaryTable;
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
  apply(x: tf.Tensor, { context = x, rotary, ...options }: Attention3DOptions): tf.Tensor3D {
    assertShape("Attention3D x", x, ["b", "n", this.config.dim]);
    assertShape("Attention3D context", context, ["b", "m", this.config.contextDim]);
    return tf.tidy(() => {
      const [query, key, value] = [this.query.apply(x), this.key.apply(context), this.value.apply(context)];
      const turned = (projected: tf.Tensor) =>
        rotary ? rotate(projected as tf.Tensor3D, rotary) : (projected as tf.Tensor3D);
      const { heads } = this.config;
      const y = attendSequence(turned(query), turned(key), value as tf.Tensor3D, { heads, ...options });
      return this.output.apply(y) as tf.Tensor3D; // [b, n, dim]
    });
  }

  /** An empty cache for `step`, of `plan.slots` slots. */
  cache({ rows, slots }: { rows: number; slots: number }): AttentionCache {
    const { dim, contextDim } = this.config;
    if (contextDim !== dim) {
      throw new NuwaError(
        "CONFIG",
        `Attention3D.cache: wanted self-attention, got contextDim ${contextDim} and dim ${dim}. Use memory and recall.`,
      );
    }
    const weights = [this.query, this.key, this.value].map(({ params }) => params.weight as tf.Tensor);
    const memory = createCache({ rows, slots, ...this.#heads });
    return new AttentionCache(memory, tf.concat(weights, 1) as tf.Tensor2D);
  }

  /**
   * Keys and values of a context `[b, m, contextDim]`, for `recall`. The caller disposes them.
   *
   * @param rows which row of the context each row of the memory is. Default: each once, in order
   */
  memory(context: tf.Tensor, rows?: Int32Array): KeyValueCache {
    assertShape("Attention3D context", context, ["b", "m", this.config.contextDim]);
    const [batch, slots] = context.shape;
    const memory = createCache({ rows: rows?.length ?? batch, slots, ...this.#heads });
    try {
      tf.tidy(() => {
        const project = (layer: Linear) => {
          const projected = layer.apply(context);
          return rows ? tf.gather(projected, tf.tensor1d(rows, "int32")) : projected;
        };
        memory.fill(project(this.key) as tf.Tensor3D, project(this.value) as tf.Tensor3D);
      });
    } catch (error) {
      memory.dispose();
      throw error;
    }
    return memory;
  }

  /**
   * A decoding step of self-attention: the positions' keys and values are written to the cache, then they attend it.
   * Without gradients.
   *
   * @param x `[b, p, dim]` the step's positions
   * @param bias as in `apply`, for the whole table
   * @param rotary of the step's positions
   * @returns `[b, p, dim]`, equal to `apply`'s rows at these positions
   */
  step(
    x: tf.Tensor,
    cache: AttentionCache,
    step: CacheStep,
    bias?: AttentionBias,
    rotary?: RotaryTable,
  ): tf.Tensor3D {
    const { dim } = this.config;
    assertShape("Attention3D x", x, ["b", step.table.offsets.length - 1, dim]);
    return tf.tidy(() => {
      const products = tf.matMul(tf.reshape(x, [-1, dim]), cache.projection);
      const projected: tf.Tensor3D = tf.reshape(products, [x.shape[0], -1, products.shape[1]!]);
      const turned = rotary ? turnQueriesAndKeys(projected, rotary) : projected;
      const attended = cache.memory.step(turned, step, { scale: this.#scale, bias });
      return this.output.apply(attended) as tf.Tensor3D;
    });
  }

  /**
   * Positions attend a memory under some rows of a table, such as those that `selectRows` takes from it. Without
   * gradients.
   *
   * @param x `[b, p, dim]`, one for each row
   * @param bias as in `apply`, for the whole table
   * @returns `[b, p, dim]`
   */
  recall(x: tf.Tensor, memory: KeyValueCache, rows: SelectedRows, bias?: AttentionBias): tf.Tensor3D {
    assertShape("Attention3D x", x, ["b", rows.table.offsets.length - 1, this.config.dim]);
    return tf.tidy(() => {
      const query = this.query.apply(x) as tf.Tensor3D;
      return this.output.apply(memory.attend(query, rows, { scale: this.#scale, bias })) as tf.Tensor3D;
    });
  }

  dispose(): void {
    for (const layer of [this.query, this.key, this.value, this.output]) layer.dispose();
  }

  get #heads(): { heads: number; headDim: number } {
    const { heads, headDim } = this.config;
    return { heads, headDim };
  }

  get #scale(): number {
    return this.config.headDim ** -0.5;
  }
}

/** Queries, keys and values side by side, `[b, p, 3 * heads * headDim]`, of which the first two are turned. */
function turnQueriesAndKeys(projected: tf.Tensor3D, rotary: RotaryTable): tf.Tensor3D {
  const features = projected.shape[2] / 3;
  const [turning, values] = tf.split(projected, [2 * features, features], 2);
  return tf.concat([rotate(turning as tf.Tensor3D, rotary), values as tf.Tensor3D], 2);
}
