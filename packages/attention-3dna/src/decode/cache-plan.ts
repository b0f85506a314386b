import type { NeighbourTable } from "../neighbour-table.ts";
import { type SelectedRows, selectRows } from "./select-rows.ts";

/** What a decoding step does to the caches of keys and values, the same in every layer. The table's keys are slots. */
export interface CacheStep extends SelectedRows {
  /** Slots that stay, ascending, or null where all do. They come first in the new order; the step's own are appended. */
  readonly keep: Int32Array | null;
}

/** Dropping is a copy of what stays: only once that share of the slots, at most, is still needed. */
const MOST_ALIVE = 0.75;

/**
 * Which token lies in which slot of the caches while positions are decoded step by step: the step's own are written
 * first and then attended, and what no later step can reach is dropped. On the host alone.
 */
export class CachePlan {
  /** The most slots that are taken at once. */
  readonly slots: number;
  readonly #table: NeighbourTable;
  readonly #steps: readonly Int32Array[];
  /** The tokens in the slots, and the slots that stay, before each step. */
  readonly #keeps: readonly (Int32Array | null)[];
  readonly #slotOf: Int32Array;
  #tokens: Int32Array = new Int32Array(0);
  #step = 0;

  /**
   * @param table of the causal self-attention
   * @param steps the positions of each step; a position's keys must be in its own step or an earlier one
   */
  constructor(table: NeighbourTable, steps: readonly Int32Array[]) {
    this.#table = table;
    this.#steps = steps;
    this.#slotOf = new Int32Array(table.offsets.length - 1);
    const lastUse = lastUses(table, steps);
    let tokens: Int32Array = new Int32Array(0);
    let slots = 0;
    this.#keeps = steps.map((positions, step) => {
      const keep = stillNeeded(tokens, lastUse, step);
      tokens = appended(tokens, keep, positions);
      slots = Math.max(slots, tokens.length);
      return keep;
    });
    this.slots = slots;
  }

  /** The next step. */
  advance(): CacheStep {
    const positions = this.#steps[this.#step];
    const keep = this.#keeps[this.#step++];
    this.#tokens = appended(this.#tokens, keep, positions);
    this.#tokens.forEach((token, slot) => {
      this.#slotOf[token] = slot;
    });
    return { keep, ...selectRows(this.#table, positions, (key) => this.#slotOf[key]) };
  }
}

/** The last step that attends each token. */
function lastUses({ offsets, keys }: NeighbourTable, steps: readonly Int32Array[]): Int32Array {
  const lastUse = new Int32Array(offsets.length - 1);
  steps.forEach((positions, step) => {
    for (const position of positions) {
      for (let entry = offsets[position]; entry < offsets[position + 1]; entry++) lastUse[keys[entry]] = step;
    }
  });
  return lastUse;
}

/** The slots whose tokens a step or a later one attends; null where too many do to drop the others. */
function stillNeeded(tokens: Int32Array, lastUse: Int32Array, step: number): Int32Array | null {
  const slots = tokens.map((_, slot) => slot).filter((slot) => lastUse[tokens[slot]] >= step);
  return slots.length <= MOST_ALIVE * tokens.length ? slots : null;
}

function appended(tokens: Int32Array, keep: Int32Array | null, positions: Int32Array): Int32Array {
  const kept = keep ? keep.map((slot) => tokens[slot]) : tokens;
  const all = new Int32Array(kept.length + positions.length);
  all.set(kept);
  all.set(positions, kept.length);
  return all;
}
