import type { NeighbourTable } from "../neighbour-table.ts";
import { type SelectedRows, selectRows } from "./select-rows.ts";

/** What a decoding step does to the caches of keys and values, the same in every layer. */
export interface CacheStep extends SelectedRows {
  /** Slots that stay, ascending, or null where all do. They come first in the new order; the step's own are appended. */
  readonly keep: Int32Array | null;
  /** Slots, after the step's positions were appended, that the step attends; null for all. */
  readonly attended: Int32Array | null;
}

/**
 * Which token lies in which slot of the caches while positions are decoded step by step: the step's own are written
 * first and then attended, and what no later step can reach is dropped. On the host alone.
 */
export class CachePlan {
  readonly #table: NeighbourTable;
  readonly #steps: readonly Int32Array[];
  readonly #lastUse: Int32Array;
  #slots: number[] = [];
  #step = 0;

  /**
   * @param table of the causal self-attention
   * @param steps the positions of each step; a position's keys must be in its own step or an earlier one
   */
  constructor(table: NeighbourTable, steps: readonly Int32Array[]) {
    this.#table = table;
    this.#steps = steps;
    this.#lastUse = new Int32Array(table.offsets.length - 1);
    steps.forEach((positions, step) => {
      for (const position of positions) for (const key of this.#keysOf(position)) this.#lastUse[key] = step;
    });
  }

  /** The next step. */
  advance(): CacheStep {
    const positions = this.#steps[this.#step];
    const alive = this.#slots.flatMap((token, slot) => (this.#lastUse[token] >= this.#step ? [slot] : []));
    // Dropping is a copy of what stays: only once that is worth it.
    const keep = alive.length < 0.75 * this.#slots.length ? Int32Array.from(alive) : null;
    if (keep) this.#slots = alive.map((slot) => this.#slots[slot]);
    this.#slots.push(...positions);
    this.#step++;
    const used = new Set<number>();
    for (const position of positions) for (const key of this.#keysOf(position)) used.add(key);
    const some = used.size <= 0.5 * this.#slots.length;
    const attended = some ? this.#slots.flatMap((token, slot) => (used.has(token) ? [slot] : [])) : null;
    const tokens = attended?.map((slot) => this.#slots[slot]) ?? this.#slots;
    const placeOf = new Map(tokens.map((token, place) => [token, place]));
    const rows = selectRows(this.#table, positions, (key) => placeOf.get(key)!);
    return { keep, attended: attended && Int32Array.from(attended), ...rows };
  }

  #keysOf(position: number): Int32Array {
    const { offsets, keys } = this.#table;
    return keys.subarray(offsets[position], offsets[position + 1]);
  }
}
