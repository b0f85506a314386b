import { isNuwaError } from "@nuwa/tensor3d";
import * as tf from "@tensorflow/tfjs-core";
import type { AttentionBias } from "../attend-table.ts";
import { computesOnHost } from "../kernels/registry.ts";
import { SlotCache } from "../kernels/wasm/slot-cache.ts";
import type { CacheStep } from "./cache-plan.ts";
import type { SelectedRows } from "./select-rows.ts";
import { TensorCache } from "./tensor-cache.ts";

/** How large a cache may grow. */
export interface CacheSize {
  /** Sequences side by side. */
  readonly rows: number;
  /** The most tokens of each. */
  readonly slots: number;
  readonly heads: number;
  readonly headDim: number;
}

export interface CacheAttention {
  /** Factor on the scores. */
  readonly scale: number;
  /** As in `attend`, for the table that the step's rows were taken from. */
  readonly bias?: AttentionBias;
}

/** Keys and values of some tokens in slots. Dispose it, also after an error. */
export interface KeyValueCache {
  /** Puts keys and values `[rows, slots, heads * headDim]` into the slots, in order. They stay the caller's. */
  fill(keys: tf.Tensor3D, values: tf.Tensor3D): void;
  /**
   * Appends a step's own keys and values, and attends.
   *
   * @param projected `[rows, p, 3 * heads * headDim]`: query, key and value of each position
   * @returns `[rows, p, heads * headDim]`
   */
  step(projected: tf.Tensor3D, step: CacheStep, attention: CacheAttention): tf.Tensor3D;
  /** Attends what is there: queries `[rows, p, heads * headDim]`, one for each row of the table, to the same. */
  attend(query: tf.Tensor3D, rows: SelectedRows, attention: CacheAttention): tf.Tensor3D;
  dispose(): void;
}

/**
 * A cache in the kernel's own memory where the current backend computes on the CPU, else, and where that memory has not
 * enough room, one of tensors.
 */
export function createCache(size: CacheSize): KeyValueCache {
  if (!computesOnHost()) return new TensorCache(size.heads);
  try {
    return new SlotCache(tf.backend(), size);
  } catch (error) {
    if (isNuwaError(error) && error.code === "MEMORY") return new TensorCache(size.heads);
    throw error;
  }
}
