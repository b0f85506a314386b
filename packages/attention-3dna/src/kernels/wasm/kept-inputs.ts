import type * as tf from "@tensorflow/tfjs-core";
import { HeldMemory } from "./held-memory.ts";
import type { Leases } from "./leases.ts";
import type { Region } from "./workspace.ts";

/** The most that is kept, in bytes: sixteen layers of 2,560 tokens of 512 features, or one of 40,960. */
const MOST_BYTES = 2 ** 28;

/**
 * Queries, keys and values that forward passes have copied into the kernel's memory, so that their backward passes need not
 * copy them again. They stay as long as the tensor lives that the forward pass saved, and may be missing at any time.
 */
export class KeptInputs {
  readonly #memory: HeldMemory;
  /** By the `dataId` of what was saved. */
  readonly #kept = new WeakMap<object, readonly Region[]>();

  constructor(leases: Leases) {
    this.#memory = new HeldMemory(leases, MOST_BYTES);
  }

  /** Room for arrays until the next call, or until `keep` says more; undefined where too much is kept already. */
  take(lengths: readonly number[]): readonly Region[] | undefined {
    const regions: Region[] = [];
    for (const length of lengths) {
      const region = this.#memory.take(length);
      if (!region) return undefined;
      regions.push(region);
    }
    return regions;
  }

  /** Keeps what lies in regions until `saved` is disposed. */
  keep(regions: readonly Region[], { dataId }: tf.TensorInfo, backend: tf.KernelBackend): void {
    for (const region of regions) this.#memory.hold(region, () => backend.refCount(dataId) > 0);
    this.#kept.set(dataId, regions);
  }

  find({ dataId }: tf.TensorInfo): readonly Region[] | undefined {
    return this.#kept.get(dataId);
  }

  /** Gives back what belongs to tensors that are disposed. */
  releaseUnused(): void {
    this.#memory.releaseUnused();
  }
}
