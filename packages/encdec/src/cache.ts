import type { AttentionMemory } from "@nuwa/attention-3dna";
import * as tf from "@tensorflow/tfjs-core";
import type { CacheStep } from "./cache-layout.ts";

/** The keys and values of decoded positions, `[b, heads, slots, headDim]` for each layer. */
export class KeyValueCache {
  readonly #layers: (AttentionMemory | undefined)[];

  constructor(layers: number) {
    this.#layers = new Array(layers);
  }

  /** Writes a step's own keys and values and returns what the step attends, which the caller owns. */
  extend(layer: number, own: AttentionMemory, { keep, attended }: CacheStep): AttentionMemory {
    const old = this.#layers[layer];
    return tf.tidy(() => {
      const joined = {
        keys: extended(old?.keys, own.keys, keep),
        values: extended(old?.values, own.values, keep),
      };
      this.#layers[layer] = { keys: tf.keep(joined.keys), values: tf.keep(joined.values) };
      if (old) tf.dispose([old.keys, old.values]);
      return { keys: selected(joined.keys, attended), values: selected(joined.values, attended) };
    });
  }

  dispose(): void {
    for (const memory of this.#layers.splice(0)) if (memory) tf.dispose([memory.keys, memory.values]);
  }
}

function extended(old: tf.Tensor4D | undefined, own: tf.Tensor4D, keep: Int32Array | null): tf.Tensor4D {
  if (!old || keep?.length === 0) return tf.clone(own);
  const kept = keep ? tf.gather(old, tf.tensor1d(keep, "int32"), 2) : old;
  return tf.concat([kept, own], 2);
}

function selected(memory: tf.Tensor4D, slots: Int32Array | null): tf.Tensor4D {
  return slots ? tf.gather(memory, tf.tensor1d(slots, "int32"), 2) : tf.clone(memory);
}
