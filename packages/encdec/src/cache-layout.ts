import { type AttentionPattern, type NeighbourTable, neighbourTable } from "@nuwa/attention-3dna";
import type { Grid } from "@nuwa/tensor3d";
import type { DecodeStep } from "./schedule.ts";

/** How a step changes the cache, the same for every layer. */
export interface CacheStep {
  /** Slots that stay, ascending, or null where all do. They come first in the new order. */
  readonly keep: Int32Array | null;
  /** Slots, after the step's positions were appended, that the step attends; null for all. */
  readonly attended: Int32Array | null;
  /** The token in each attended slot. */
  readonly tokens: Int32Array;
}

/** Which token lies in which slot of the key and value caches, on the host. */
export class CacheLayout {
  private readonly table: NeighbourTable;
  private readonly lastUse: Int32Array;
  private slots: number[] = [];
  private step = 0;

  constructor(steps: readonly DecodeStep[], pattern: AttentionPattern, grid: Grid) {
    this.table = neighbourTable(pattern, { queryGrid: grid, causal: true });
    this.lastUse = new Int32Array(this.table.offsets.length - 1);
    steps.forEach(({ positions }, step) => {
      for (const position of positions) for (const key of this.keysOf(position)) this.lastUse[key] = step;
    });
  }

  /** The keys that a position attends, ascending. */
  keysOf(position: number): Int32Array {
    return this.table.keys.subarray(this.table.offsets[position], this.table.offsets[position + 1]);
  }

  /** Drops what no later step attends, once that is worth a copy, and appends the step's positions. */
  advance(positions: Int32Array): CacheStep {
    const alive = this.slots.flatMap((token, slot) => (this.lastUse[token] >= this.step ? [slot] : []));
    const keep = alive.length < 0.75 * this.slots.length ? Int32Array.from(alive) : null;
    if (keep) this.slots = alive.map((slot) => this.slots[slot]);
    this.slots.push(...positions);
    this.step++;
    const union = new Set<number>();
    for (const position of positions) for (const key of this.keysOf(position)) union.add(key);
    if (union.size > 0.5 * this.slots.length) {
      return { keep, attended: null, tokens: Int32Array.from(this.slots) };
    }
    const attended = this.slots.flatMap((token, slot) => (union.has(token) ? [slot] : []));
    const tokens = Int32Array.from(attended, (slot) => this.slots[slot]);
    return { keep, attended: Int32Array.from(attended), tokens };
  }
}
