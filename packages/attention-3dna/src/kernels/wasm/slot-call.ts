import * as tf from "@tensorflow/tfjs-core";
import { biasColumns } from "../../decode/bias-columns.ts";
import type { CacheAttention, CacheSize } from "../../decode/key-value-cache.ts";
import type { SelectedRows } from "../../decode/select-rows.ts";
import { longestRow } from "../../neighbour-table.ts";
import type { Host } from "./host.ts";
import { type Job, type KernelRuntime, STEP_LENGTH } from "./runtime.ts";
import { forwardSteps } from "./steps.ts";
import type { Region, Workspace } from "./workspace.ts";

/** Positions that a thread takes at once. */
const TILE = 8;
/** Numbers between slots: else rows of a power of two would evict each other from the first-level cache. */
const GAP = 16;

/** Numbers of a slot, whose key and value have `width` each. */
export function slotLength(width: number): number {
  return 2 * width + GAP;
}

/**
 * Attention of some queries to slots that lie in the kernel's memory. First everything is given a place; after
 * `space.commit` the caller writes the queries, and `run` computes.
 */
export class SlotCall {
  readonly space: Workspace;
  /** `[rows, positions, heads * headDim]`; the results take their place. */
  readonly queries: Region;
  readonly #runtime: KernelRuntime;
  readonly #host: Host;
  readonly #shape: readonly [rows: number, positions: number, width: number];
  readonly #heads: number;
  readonly #job: Job;
  readonly #loads: (() => void)[] = [];

  /** @param slots `[rows, slots, key | value | gap]` */
  constructor(
    runtime: KernelRuntime,
    host: Host,
    slots: Region,
    { rows, slots: slotCount, heads, headDim }: CacheSize,
    selected: SelectedRows,
    { scale, bias }: CacheAttention,
  ) {
    const { table } = selected;
    const positions = table.offsets.length - 1;
    const width = heads * headDim;
    const rowLength = Math.ceil(longestRow(table) / 4) * 4;
    this.space = runtime.workspace();
    this.#runtime = runtime;
    this.#host = host;
    this.#shape = [rows, positions, width];
    this.#heads = heads;
    this.queries = this.space.reserve(rows * positions * width);
    this.#job = {
      heads,
      queryCount: positions,
      keyCount: slotCount,
      headDim,
      scale,
      pairs: table.keys.length,
      queryBatchStride: positions * width * 4,
      queryHeadStride: headDim * 4,
      queryTokenStride: width * 4,
      keyBatchStride: slotCount * slotLength(width) * 4,
      keyHeadStride: headDim * 4,
      keyTokenStride: slotLength(width) * 4,
      query: this.queries.address,
      y: this.queries.address, // a query is not read any more when its result is written
      key: slots.address,
      value: slots.address + width * 4,
      offsets: this.#list(table.offsets),
      keys: this.#list(table.keys),
      weights: 0,
      statistics: this.space.reserve(rows * heads * positions * 2).address,
      biasOffsets: bias?.values.shape[1] ?? 0,
      bias: bias ? this.#tensor(bias.values) : 0,
      offsetOf: bias ? this.#list(biasColumns(bias, selected)) : 0,
      rows: this.space.reserve(runtime.threads * 2 * rowLength).address,
      rowBytes: rowLength * 4,
    };
  }

  /** @returns `[rows, positions, heads * headDim]` */
  run(): tf.Tensor3D {
    const { space, queries } = this;
    const [rows, positions] = this.#shape;
    const steps = forwardSteps(rows * this.#heads, this.#heads);
    const list = space.reserve(steps.length * STEP_LENGTH);
    space.commit();
    for (const load of this.#loads) load();
    this.#runtime.start({ ...this.#job, span: this.#heads }, steps, list, Math.ceil(positions / TILE));
    try {
      this.#runtime.offer(steps.length);
      for (const step of steps.keys()) this.#runtime.complete(step);
    } finally {
      this.#runtime.finish();
    }
    const writer = this.#host.writer([...this.#shape]);
    writer.write(0, space.floats(queries));
    const result = writer.finish(); // a tensor already on libtensorflow
    const tensor = result instanceof tf.Tensor ? result : tf.engine().makeTensorFromTensorInfo(result);
    return tensor as tf.Tensor3D;
  }

  #list(values: Int32Array): number {
    const place = this.space.reserve(values.length);
    this.#loads.push(() => this.space.ints(place).set(values));
    return place.address;
  }

  #tensor(tensor: tf.Tensor): number {
    const place = this.space.reserve(tensor.size);
    this.#loads.push(() => this.#host.reader(tensor)(0, this.space.floats(place)));
    return place.address;
  }
}
