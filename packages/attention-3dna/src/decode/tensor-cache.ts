import * as tf from "@tensorflow/tfjs-core";
import { attendTable } from "../attend-table.ts";
import { biasColumns } from "./bias-columns.ts";
import type { CacheStep } from "./cache-plan.ts";
import type { CacheAttention, KeyValueCache } from "./key-value-cache.ts";
import type { SelectedRows } from "./select-rows.ts";

/** Keys and values as two tensors `[rows, slots, heads * headDim]`, for any backend. */
export class TensorCache implements KeyValueCache {
  readonly #heads: number;
  #memory: { readonly keys: tf.Tensor3D; readonly values: tf.Tensor3D } | undefined;

  constructor(heads: number) {
    this.#heads = heads;
  }

  fill(keys: tf.Tensor3D, values: tf.Tensor3D): void {
    this.#hold(tf.clone(keys), tf.clone(values));
  }

  step(projected: tf.Tensor3D, step: CacheStep, attention: CacheAttention): tf.Tensor3D {
    return tf.tidy(() => {
      const [query, key, value] = tf.split(projected, 3, 2) as tf.Tensor3D[];
      const old = this.#memory;
      this.#hold(extended(old?.keys, key, step.keep), extended(old?.values, value, step.keep));
      return this.attend(query, step, attention);
    });
  }

  attend(query: tf.Tensor3D, rows: SelectedRows, { scale, bias }: CacheAttention): tf.Tensor3D {
    const { keys, values } = this.#memory!;
    const own = bias && { ...bias, offsetOf: biasColumns(bias, rows) };
    const options = { table: rows.table, heads: this.#heads, scale, bias: own };
    return attendTable(query, keys, values, options) as tf.Tensor3D;
  }

  dispose(): void {
    if (this.#memory) tf.dispose([this.#memory.keys, this.#memory.values]);
    this.#memory = undefined;
  }

  #hold(keys: tf.Tensor3D, values: tf.Tensor3D): void {
    this.dispose();
    this.#memory = { keys: tf.keep(keys), values: tf.keep(values) };
  }
}

function extended(old: tf.Tensor3D | undefined, own: tf.Tensor3D, keep: Int32Array | null): tf.Tensor3D {
  if (!old || keep?.length === 0) return tf.clone(own);
  const kept = keep ? tf.gather(old, tf.tensor1d(keep, "int32"), 1) : old;
  return tf.concat([kept, own], 1);
}
