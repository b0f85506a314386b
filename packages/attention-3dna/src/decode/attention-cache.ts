import * as tf from "@tensorflow/tfjs-core";
import type { KeyValueCache } from "./key-value-cache.ts";

/**
 * What a layer of self-attention keeps while it decodes: its cache, and its three projections as one product. Weights
 * that change later are not seen. Dispose it, also after an error.
 */
export class AttentionCache {
  readonly memory: KeyValueCache;
  /** `[dim, 3 * heads * headDim]`: of queries, keys and values. */
  readonly projection: tf.Tensor2D;

  constructor(memory: KeyValueCache, projection: tf.Tensor2D) {
    this.memory = memory;
    this.projection = tf.keep(projection);
  }

  dispose(): void {
    this.memory.dispose();
    this.projection.dispose();
  }
}
