import type * as tf from "@tensorflow/tfjs-core";
import type { CacheStep } from "../../decode/cache-plan.ts";
import type { CacheAttention, CacheSize, KeyValueCache } from "../../decode/key-value-cache.ts";
import type { SelectedRows } from "../../decode/select-rows.ts";
import { type Host, hostOf } from "./host.ts";
import { kernelRuntime } from "./prepare.ts";
import type { KernelRuntime } from "./runtime.ts";
import { SlotCall } from "./slot-call.ts";
import type { Region, Workspace } from "./workspace.ts";

/**
 * Keys and values in the kernel's own memory, `[rows, slots, key | value]`, so that a step copies only what is new. It
 * belongs to the threads that were prepared when it was made.
 */
export class SlotCache implements KeyValueCache {
  readonly #runtime: KernelRuntime = kernelRuntime();
  readonly #host: Host;
  readonly #size: CacheSize;
  readonly #slots: Region;
  /** Numbers of a key. */
  readonly #width: number;
  #taken = 0;

  /** @throws NuwaError `MEMORY` where the kernel's memory cannot hold it */
  constructor(backend: tf.KernelBackend, size: CacheSize) {
    this.#host = hostOf(backend);
    this.#size = size;
    this.#width = size.heads * size.headDim;
    this.#slots = this.#runtime.leases.take(size.rows * size.slots * 2 * this.#width);
  }

  fill(keys: tf.Tensor3D, values: tf.Tensor3D): void {
    const { rows, slots } = this.#size;
    const width = this.#width;
    const space = this.#runtime.workspace();
    const staging = space.reserve(rows * slots * width);
    space.commit();
    for (const [half, tensor] of [keys, values].entries()) {
      this.#host.reader(tensor)(0, space.floats(staging));
      for (let place = 0; place < rows * slots; place++) {
        space.copy(staging, place * width, this.#slots, (place * 2 + half) * width, width);
      }
    }
    this.#taken = slots;
  }

  step(projected: tf.Tensor3D, step: CacheStep, attention: CacheAttention): tf.Tensor3D {
    const { rows, slots } = this.#size;
    const width = this.#width;
    const count = projected.shape[1];
    const call = new SlotCall(this.#runtime, this.#host, this.#slots, this.#size, step, attention);
    const { space, queries } = call;
    const staging = space.reserve(projected.size);
    space.commit();
    if (step.keep) this.#keepOnly(space, step.keep);
    this.#host.reader(projected)(0, space.floats(staging));
    for (let row = 0; row < rows; row++) {
      for (let position = 0; position < count; position++) {
        const place = row * count + position;
        const slot = row * slots + this.#taken + position;
        space.copy(staging, place * 3 * width, queries, place * width, width);
        space.copy(staging, (place * 3 + 1) * width, this.#slots, slot * 2 * width, 2 * width);
      }
    }
    this.#taken += count;
    return call.run();
  }

  attend(query: tf.Tensor3D, rows: SelectedRows, attention: CacheAttention): tf.Tensor3D {
    const call = new SlotCall(this.#runtime, this.#host, this.#slots, this.#size, rows, attention);
    call.space.commit();
    this.#host.reader(query)(0, call.space.floats(call.queries));
    return call.run();
  }

  dispose(): void {
    this.#runtime.leases.giveBack(this.#slots);
  }

  #keepOnly(space: Workspace, keep: Int32Array): void {
    const { rows, slots } = this.#size;
    const length = 2 * this.#width;
    for (let row = 0; row < rows; row++) {
      for (let place = 0; place < keep.length; place++) {
        if (keep[place] === place) continue;
        const from = (row * slots + keep[place]) * length;
        space.copy(this.#slots, from, this.#slots, (row * slots + place) * length, length);
      }
    }
    this.#taken = keep.length;
  }
}
