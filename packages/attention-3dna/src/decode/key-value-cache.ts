import * as tf from "@tensorflow/tfjs-core";
import type { CacheStep } from "./cache-plan.ts";

/** Keys and values of some tokens, `[b, tokens, heads * headDim]` each. */
export interface AttentionMemory {
  readonly keys: tf.Tensor3D;
  readonly values: tf.Tensor3D;
}

/** The keys and values of one layer's decoded positions. Dispose it, also after an error. */
export class KeyValueCache {
  #memory: AttentionMemory | undefined;

  /** Writes a step's own keys and values, and returns what the step attends, which the caller owns. */
  extend(own: AttentionMemory, { keep, attended }: CacheStep): AttentionMemory {
    const old = this.#memory;
    return tf.tidy(() => {
      const keys = extended(old?.keys, own.keys, keep);
      const values = extended(old?.values, own.values, keep);
      this.#memory = { keys: tf.keep(keys), values: tf.keep(values) };
      if (old) tf.dispose([old.keys, old.values]);
      return { keys: selected(keys, attended), values: selected(values, attended) };
    });
  }

  dispose(): void {
    if (this.#memory) tf.dispose([this.#memory.keys, this.#memory.values]);
    this.#memory = undefined;
  }
}

function extended(old: tf.Tensor3D | undefined, own: tf.Tensor3D, keep: Int32Array | null): tf.Tensor3D {
  if (!old || keep?.length === 0) return tf.clone(own);
  const kept = keep ? tf.gather(old, tf.tensor1d(keep, "int32"), 1) : old;
  return tf.concat([kept, own], 1);
}

function selected(memory: tf.Tensor3D, slots: Int32Array | null): tf.Tensor3D {
  return slots ? tf.gather(memory, tf.tensor1d(slots, "int32"), 1) : tf.clone(memory);
}
