import * as tf from "@tensorflow/tfjs-core";
import { longestRow } from "../../neighbour-table.ts";
import type { AttentionAttributes, AttentionInputs } from "../kernel.ts";
import { layoutOf, type RowLayout } from "../layout.ts";
import { type Host, hostOf, type Writer } from "./host.ts";
import { type Job, type KernelRuntime, type Phase, STEP_LENGTH, type Step } from "./runtime.ts";
import type { Region, Workspace } from "./workspace.ts";

/**
 * Rows of queries, or keys, that a thread takes at once: of one head more, since neighbours share keys, which then are in
 * its cache.
 */
const TILE = { oneHead: 128, allHeads: 32 } as const;

/** Copying fewer numbers costs less than keeping account of them. */
const FEWEST_LENT = 2 ** 14;

/** A result in the kernel's memory, and the tensor that it becomes. */
export interface Output {
  readonly address: number;
  store(slice: number): void;
  tensor(): tf.TensorInfo;
}

/**
 * One call of the kernel. First everything is given a place in its memory, then `compute` copies the inputs in by slices,
 * while other threads work on what is there, and the results out likewise where their tensors cannot lie in this memory. A
 * slice is a head of a sample; a sample where its heads lie side by side.
 */
export class Call {
  readonly space: Workspace;
  readonly results: readonly Output[];
  readonly threads: number;
  readonly query: RowLayout;
  readonly key: RowLayout;
  /** Heads of samples. */
  readonly groups: number;
  /** Groups of a slice. */
  readonly sliceGroups: number;
  readonly #runtime: KernelRuntime;
  readonly #host: Host;
  readonly #job: Job;
  /** What `compute` copies in first, and what by slices. */
  readonly #loads: (() => void)[] = [];
  readonly #sliceLoads: ((slice: number) => void)[] = [];

  /**
   * @param runtime which computes
   * @param results their shapes
   * @param places where query, key and value lie, or are to lie. Default: in the call's own memory
   * @param loaded whether they lie there already
   */
  constructor(
    runtime: KernelRuntime,
    backend: tf.KernelBackend,
    inputs: AttentionInputs,
    attributes: AttentionAttributes,
    {
      results,
      places,
      loaded = false,
    }: { results: readonly number[][]; places?: readonly Region[]; loaded?: boolean },
  ) {
    const { table, heads, scale, offsetOf } = attributes;
    this.#runtime = runtime;
    this.#host = hostOf(backend);
    const lent = results.map((shape) => this.#placeToLend(shape)); // before the workspace begins
    this.space = this.#runtime.workspace();
    this.threads = this.#runtime.threads;
    this.query = layoutOf(inputs.query, heads);
    this.key = layoutOf(inputs.key, heads);
    this.groups = this.query.batch * heads;
    this.sliceGroups = this.query.headStride < this.query.tokenStride ? heads : 1;
    this.results = results.map((shape, index) => this.#output(shape, lent[index]));
    const rowLength = Math.ceil(longestRow(table) / 4) * 4;
    const [query, key, value] = [inputs.query, inputs.key, inputs.value].map((tensor, index) =>
      loaded ? places![index].address : this.input(tensor, places?.[index]),
    );
    this.#job = {
      heads,
      queryCount: this.query.tokens,
      keyCount: this.key.tokens,
      headDim: this.query.headDim,
      scale,
      biasOffsets: inputs.bias?.shape[1] ?? 0,
      pairs: table.keys.length,
      ...stridesOf("query", this.query),
      ...stridesOf("key", this.key),
      query,
      key,
      value,
      bias: inputs.bias ? this.#bias(inputs.bias) : 0,
      offsets: this.list(table.offsets),
      keys: this.list(table.keys),
      offsetOf: offsetOf ? this.list(offsetOf) : 0,
      rows: this.space.reserve(this.threads * 2 * rowLength).address,
      rowBytes: rowLength * 4,
    };
  }

  /** Gives a tensor, which is loaded by slices, its address: that of `place`, if there is one. */
  input(tensor: tf.TensorInfo, place?: Region): number {
    const slices = this.#slicesOf(tensor.shape, place);
    const read = this.#host.reader(tensor);
    this.#sliceLoads.push((slice) => read(slice * slices.length, this.#floats(slices, slice)));
    return slices.address;
  }

  /** Gives whole numbers their address. */
  list(values: Int32Array): number {
    const place = this.space.reserve(values.length);
    this.#loads.push(() => this.space.ints(place).set(values));
    return place.address;
  }

  /** Room for numbers that are 0 at first. */
  zeros(length: number): Region {
    const place = this.space.reserve(length);
    this.#loads.push(() => this.space.floats(place).fill(0));
    return place;
  }

  /**
   * Runs the steps and stores the outputs of their phases.
   *
   * @param span groups of a step
   */
  compute(job: Job, steps: readonly Step[], span: number, outputs: Partial<Record<Phase, Output[]>>): void {
    const runtime = this.#runtime;
    const list = this.space.reserve(steps.length * STEP_LENGTH);
    this.space.commit();
    for (const load of this.#loads) load();
    const rows = span === 1 ? TILE.oneHead : TILE.allHeads;
    const tiles = Math.ceil(Math.max(this.query.tokens, this.key.tokens) / rows);
    runtime.start({ ...this.#job, ...job, span }, steps, list, tiles);
    try {
      for (let slice = 0; slice < this.groups / this.sliceGroups; slice++) {
        for (const load of this.#sliceLoads) load(slice);
        const loaded = (slice + 1) * this.sliceGroups;
        const waiting = steps.findIndex(({ group }) => group >= loaded);
        runtime.offer(waiting < 0 ? steps.length : waiting);
      }
      for (const [index, { phase, group }] of steps.entries()) {
        runtime.complete(index);
        if ((group + span) % this.sliceGroups > 0) continue; // more of the slice to come
        for (const output of outputs[phase]!) output.store(Math.floor(group / this.sliceGroups));
      }
    } finally {
      runtime.finish();
    }
  }

  /** A tensor with a copy of the values. */
  result(shape: number[], values: Float32Array): tf.TensorInfo {
    const writer = this.#host.writer(shape);
    writer.write(0, values);
    return writer.finish();
  }

  /** Room for a result that need not be copied. */
  #placeToLend(shape: number[]): Region | undefined {
    const length = tf.util.sizeFromShape(shape);
    return this.#host.lend && length >= FEWEST_LENT ? this.#runtime.lent.take(length) : undefined;
  }

  #output(shape: number[], place?: Region): Output {
    if (place) return { address: place.address, store() {}, tensor: () => this.#lend(shape, place) };
    const slices = this.#slicesOf(shape);
    let writer: Writer | undefined;
    return {
      address: slices.address,
      store: (slice) => {
        writer ??= this.#host.writer(shape);
        writer.write(slice * slices.length, this.#floats(slices, slice));
      },
      tensor: () => writer!.finish(),
    };
  }

  #lend(shape: number[], place: Region): tf.TensorInfo {
    const { tensor, isReturned } = this.#host.lend!(this.space.floats(place), shape);
    this.#runtime.lent.hold(place, () => !isReturned());
    return tensor;
  }

  #bias(bias: tf.TensorInfo): number {
    const place = this.space.reserve(tf.util.sizeFromShape(bias.shape));
    const read = this.#host.reader(bias);
    this.#loads.push(() => read(0, this.space.floats(place)));
    return place.address;
  }

  /** A tensor's place, by default a new one, with the length of a slice. */
  #slicesOf(shape: number[], place?: Region): Region {
    const size = tf.util.sizeFromShape(shape);
    const { address } = place ?? this.space.reserve(size);
    return { address, length: (size * this.sliceGroups) / this.groups };
  }

  #floats({ address, length }: Region, slice: number): Float32Array {
    return this.space.floats({ address: address + slice * length * 4, length });
  }
}

function stridesOf(name: "query" | "key", { batchStride, headStride, tokenStride }: RowLayout): Job {
  return {
    [`${name}BatchStride`]: batchStride * 4,
    [`${name}HeadStride`]: headStride * 4,
    [`${name}TokenStride`]: tokenStride * 4,
  };
}
