import type * as tf from "@tensorflow/tfjs-core";
import type { Leases } from "./leases.ts";
import type { Region } from "./workspace.ts";

/** The most that is kept, in bytes: eight layers of 2,560 tokens of 512 features. */
const LARGEST = 2 ** 27;

interface Entry {
  readonly regions: readonly Region[];
  readonly backend: tf.KernelBackend;
}

/**
 * Queries, keys and values that forward passes have copied into the kernel's memory, so that their backward passes need not
 * copy them again. They stay as long as the tensor lives that the forward pass saved, and may be missing at any time.
 */
export class KeptInputs {
  readonly #leases: Leases;
  /** By the `dataId` of what was saved. */
  readonly #entries = new Map<object, Entry>();

  constructor(leases: Leases) {
    this.#leases = leases;
  }

  /** Room for arrays, which `keep` or `giveBack` must follow; undefined where too much is kept already. */
  take(lengths: readonly number[]): readonly Region[] | undefined {
    this.releaseUnused();
    const kept = [...this.#entries.values()].flatMap(({ regions }) => regions.map(({ length }) => length));
    const numbers = [...kept, ...lengths].reduce((sum, length) => sum + length, 0);
    if (numbers * 4 > LARGEST) return undefined;
    const regions: Region[] = [];
    try {
      for (const length of lengths) regions.push(this.#leases.take(length));
      return regions;
    } catch (error) {
      this.giveBack(regions);
      throw error;
    }
  }

  giveBack(regions: readonly Region[]): void {
    for (const region of regions) this.#leases.giveBack(region);
  }

  /** Keeps what lies in regions until `saved` is disposed. */
  keep(regions: readonly Region[], { dataId }: tf.TensorInfo, backend: tf.KernelBackend): void {
    this.#entries.set(dataId, { regions, backend });
  }

  find({ dataId }: tf.TensorInfo): readonly Region[] | undefined {
    return this.#entries.get(dataId)?.regions;
  }

  /** Gives back what belongs to tensors that are disposed. */
  releaseUnused(): void {
    for (const [dataId, { regions, backend }] of this.#entries) {
      if (backend.refCount(dataId) > 0) continue;
      this.giveBack(regions);
      this.#entries.delete(dataId);
    }
  }
}
