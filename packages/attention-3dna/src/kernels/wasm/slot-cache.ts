import type * as tf from "@tensorflow/tfjs-core";
import type { CacheStep } from "../../decode/cache-plan.ts";
import type { CacheAttention, CacheSize, KeyValueCache } from "../../decode/key-value-cache.ts";
import type { SelectedRows } from "../../decode/select-rows.ts";
import { type Host, hostOf } from "./host.ts";
import { kernelRuntime } from "./prepare.ts";
import type { KernelRuntime, Rows } from "./runtime.ts";
import { SlotCall, slotLength } from "./slot-call.ts";
import type { Region } from "./workspace.ts";

/**
 * Keys and values in the kernel's own memory, `[rows, slots, key | value | gap]`, so that a step copies only what is new. It
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
    this.#slots = this.#runtime.leases.take(size.rows * size.slots * slotLength(this.#width));
  }

  fill(keys: tf.Tensor3D, values: tf.Tensor3D): void {
    const { rows, slots } = this.#size;
    const width = this.#width;
    const space = this.#runtime.workspace();
    const staging = space.reserve(rows * slots * width);
    space.commit();
    for (const [half, tensor] of [keys, values].entries()) {
      this.#host.reader(tensor)(0, space.floats(staging));
      const from = { address: staging.address, stride: width };
      this.#runtime.copyRows(from, this.#slotRows(0, 0, half), width, rows * slots);
    }
    this.#taken = slots;
  }

  step(projected: tf.Tensor3D, step: CacheStep, attention: CacheAttention): tf.Tensor3D {
    const { rows } = this.#size;
    const width = this.#width;
    const count = projected.shape[1];
    const call = new SlotCall(this.#runtime, this.#host, this.#slots, this.#size, step, attention);
    const staging = call.space.reserve(projected.size);
    call.space.commit();
    if (step.keep) this.#keepOnly(step.keep);
    this.#host.reader(projected)(0, call.space.floats(staging));
    const stride = 3 * width;
    const queries = { address: call.queries.address, stride: width };
    this.#runtime.copyRows({ address: staging.address, stride }, queries, width, rows * count);
    for (let row = 0; row < rows; row++) {
      const own = { address: staging.address + (row * count * stride + width) * 4, stride };
      this.#runtime.copyRows(own, this.#slotRows(row, this.#taken), 2 * width, count);
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

  #keepOnly(keep: Int32Array): void {
    for (let row = 0; row < this.#size.rows; row++) {
      for (let slot = 0; slot < keep.length; slot++) {
        if (keep[slot] === slot) continue;
        const from = this.#slotRows(row, keep[slot]);
        this.#runtime.copyRows(from, this.#slotRows(row, slot), 2 * this.#width, 1);
      }
    }
    this.#taken = keep.length;
  }

  /** The slots of a row from one on: their keys, or with `half` 1 their values. */
  #slotRows(row: number, slot: number, half = 0): Rows {
    const stride = slotLength(this.#width);
    const place = (row * this.#size.slots + slot) * stride + half * this.#width;
    return { address: this.#slots.address + place * 4, stride };
  }
}
