import { type HostTensor, type HostTensorData, prefixed, readBack, under } from "@nuwa/tensor3d";
import * as tf from "@tensorflow/tfjs-core";

const PREFIX = "recent.";

/** Latents `[n, dim]` of the last batches, which the first codes are fitted to. */
export class RecentLatents {
  readonly #batches: number;
  #kept: tf.Tensor2D[] = [];

  /** @param batches how many are kept */
  constructor(batches: number) {
    this.#batches = batches;
  }

  get isEmpty(): boolean {
    return this.#kept.length === 0;
  }

  /** @param latents `[..., dim]`; stays the caller's */
  add(latents: tf.Tensor): void {
    const dim = latents.shape[latents.rank - 1];
    this.#kept.push(tf.keep(tf.clone(tf.reshape(latents, [-1, dim]) as tf.Tensor2D)));
    if (this.#kept.length > this.#batches) this.#kept.shift()!.dispose();
  }

  /** All of them, `[n, dim]`, for `use`; nothing is kept afterwards. */
  async take(use: (latents: tf.Tensor2D) => Promise<void>): Promise<void> {
    const latents = tf.concat(this.#kept);
    try {
      await use(latents);
    } finally {
      latents.dispose();
    }
    this.clear();
  }

  /** What there is at the moment of the call, on the host. */
  async state(): Promise<Record<string, HostTensorData>> {
    const kept = [...this.#kept];
    const values = await readBack(kept);
    const entries = kept.map(({ shape }, index) => [index, { shape, data: values[index].slice() }]);
    return prefixed(Object.fromEntries(entries), PREFIX);
  }

  loadState(tensors: Readonly<Record<string, HostTensor>>): void {
    this.clear();
    const recent = under(tensors, PREFIX);
    this.#kept = Object.keys(recent).map((_, index) => {
      const { shape, data } = recent[index];
      return tf.tensor2d(Float32Array.from(data, Number), shape as [number, number]);
    });
  }

  clear(): void {
    tf.dispose(this.#kept);
    this.#kept = [];
  }
}
