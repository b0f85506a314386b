import { tokenCount } from "@nuwa/tensor3d";
import { type NeighbourTable, neighbourTable } from "./neighbour-table.ts";
import type { AttentionPattern, AttentionShape } from "./pattern.ts";
import { ShapeCache } from "./shape-cache.ts";

/** Added to the score of a pair that is not attended. A row of -Infinity would give NaN. */
export const MASKED = -1e9;

/**
 * A pattern as few dense products: the queries in raster order are cut into `count` blocks of `size`, and
 * each block attends the union of its queries' keys, `width` of them with padding, under a mask.
 */
export interface AttentionBlocks {
  readonly count: number;
  readonly size: number;
  readonly width: number;
  /** `[count * width]` key indices, or null where the one block attends all keys in order. */
  readonly keys: Int32Array | null;
  /** `[count * size * width]`, 0 or MASKED, or null where every pair is attended. */
  readonly mask: Float32Array | null;
  /** `[count * size * width]`: the pair's entry in the neighbour table, or the number of entries where masked. */
  readonly entries: Int32Array;
  /** `[keyCount * fan]`: the places in `keys` that hold each key; masked places fill the rest. */
  readonly places: Int32Array;
  readonly fan: number;
}

const plans = new ShapeCache<AttentionBlocks>();

/** The cheapest blocks for a pattern and shape. Built once and shared: do not write to them. */
export function attentionBlocks(pattern: AttentionPattern, shape: AttentionShape): AttentionBlocks {
  return plans.get(pattern, shape, () => {
    const table = neighbourTable(pattern, shape);
    const keyCount = tokenCount(shape.keyGrid ?? shape.queryGrid);
    return buildBlocks(table, keyCount, cheapestSize(table, shape, keyCount));
  });
}

/** Share of a block's pairs that must be attended for dense products to waste little time and memory. */
const LEAST_FILL = 0.4;

const fills = new ShapeCache<boolean>();

/** Whether a pattern attends most pairs of its cheapest blocks, as full, block-sparse and whole-frame patterns do. */
export function fillsBlocks(pattern: AttentionPattern, shape: AttentionShape): boolean {
  return fills.get(pattern, shape, () => {
    const table = neighbourTable(pattern, shape);
    const keyCount = tokenCount(shape.keyGrid ?? shape.queryGrid);
    // The smallest blocks are filled best: where they are not, no other need be tried.
    const smallest = blockSizes(shape)[0] ?? table.offsets.length - 1;
    const unions = blockUnions(table, keyCount, smallest);
    if (!fillsWidth(table, Math.max(...unions.map((union) => union.length)))) return false;
    return fillsWidth(table, attentionBlocks(pattern, shape).width);
  });
}

/** Whether a table attends most pairs of `width` keys a query. */
export function fillsWidth({ offsets, keys }: NeighbourTable, width: number): boolean {
  return keys.length >= LEAST_FILL * (offsets.length - 1) * width;
}

const whole = new WeakMap<NeighbourTable, AttentionBlocks>();

/** A table as one block: all queries against all keys. Built once for a table and shared. */
export function wholeBlock(table: NeighbourTable, keyCount: number): AttentionBlocks {
  const blocks = whole.get(table) ?? buildBlocks(table, keyCount, table.offsets.length - 1);
  whole.set(table, blocks);
  return blocks;
}

/** Cuts the queries into blocks of `size`, which divides their number. */
export function buildBlocks(table: NeighbourTable, keyCount: number, size: number): AttentionBlocks {
  const queryCount = table.offsets.length - 1;
  const count = queryCount / size;
  const unions = count === 1 ? [allKeys(keyCount)] : blockUnions(table, keyCount, size);
  let width = count === 1 ? keyCount : Math.max(...unions.map((union) => union.length));
  const holders = placeLists(unions, keyCount, width);
  const fan = Math.max(1, ...holders.map((list) => list.length));
  // Keys held less often than `fan` point at a masked place, whose gradient is zero; there must be one.
  const uneven = holders.some((list) => list.length < fan);
  if (count > 1 && uneven && unions.every((union) => union.length === width)) width++;

  const keys = new Int32Array(count * width);
  const entries = new Int32Array(queryCount * width).fill(table.keys.length);
  const placeOf = new Int32Array(keyCount);
  let padding = 0;
  unions.forEach((union, block) => {
    keys.set(union, block * width);
    if (union.length < width) padding = block * width + union.length;
    union.forEach((key, place) => {
      placeOf[key] = place;
    });
    for (let query = block * size; query < (block + 1) * size; query++) {
      for (let entry = table.offsets[query]; entry < table.offsets[query + 1]; entry++) {
        entries[query * width + placeOf[table.keys[entry]]] = entry;
      }
    }
  });
  const places = new Int32Array(keyCount * fan).fill(padding);
  placeLists(unions, keyCount, width).forEach((list, key) => {
    places.set(list, key * fan);
  });
  return {
    count,
    size,
    width,
    keys: count === 1 ? null : keys,
    mask: entries.length === table.keys.length ? null : maskOf(entries, table.keys.length),
    entries,
    places,
    fan,
  };
}

function maskOf(entries: Int32Array, masked: number): Float32Array {
  return Float32Array.from(entries, (entry) => (entry === masked ? MASKED : 0));
}

function allKeys(count: number): Int32Array {
  return Int32Array.from({ length: count }, (_, key) => key);
}

/** The keys that any query of a block attends, ascending, for each block. */
function blockUnions({ offsets, keys }: NeighbourTable, keyCount: number, size: number): Int32Array[] {
  const seenIn = new Int32Array(keyCount).fill(-1);
  return Array.from({ length: (offsets.length - 1) / size }, (_, block) => {
    const union: number[] = [];
    for (let entry = offsets[block * size]; entry < offsets[(block + 1) * size]; entry++) {
      if (seenIn[keys[entry]] === block) continue;
      seenIn[keys[entry]] = block;
      union.push(keys[entry]);
    }
    return Int32Array.from(union).sort();
  });
}

function placeLists(unions: Int32Array[], keyCount: number, width: number): number[][] {
  const lists: number[][] = Array.from({ length: keyCount }, () => []);
  unions.forEach((union, block) => {
    union.forEach((key, place) => {
      lists[key].push(block * width + place);
    });
  });
  return lists;
}

// What gathering a key for a block costs against computing a score, forward and backward, as measured on the
// node backend with a headDim of 32.
const GATHER_COST = 20;

function cheapestSize(table: NeighbourTable, shape: AttentionShape, keyCount: number): number {
  const queryCount = table.offsets.length - 1;
  let best = { size: queryCount, cost: queryCount * keyCount };
  for (const size of blockSizes(shape)) {
    const unions = blockUnions(table, keyCount, size);
    const width = Math.max(...unions.map((union) => union.length));
    const cost = (queryCount + GATHER_COST * unions.length) * width;
    if (cost < best.cost) best = { size, cost };
  }
  return best.size;
}

/** Whole rows within a frame, and whole frames, that divide the grid evenly. */
function blockSizes({ queryGrid: { height, width, frames } }: AttentionShape): number[] {
  const sizes: number[] = [];
  for (let rows = 1; rows < height; rows++) if (height % rows === 0) sizes.push(rows * width);
  for (let run = 1; run < frames; run++) if (frames % run === 0) sizes.push(run * height * width);
  return sizes;
}
