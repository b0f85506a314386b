import type { Leases } from "./leases.ts";
import type { Region } from "./workspace.ts";

/** Parts of the kernel's memory that calls leave behind, each as long as somebody uses it, up to a number of bytes. */
export class HeldMemory {
  readonly #leases: Leases;
  readonly #mostBytes: number;
  readonly #users = new Map<Region, () => boolean>();

  constructor(leases: Leases, mostBytes: number) {
    this.#leases = leases;
    this.#mostBytes = mostBytes;
  }

  /**
   * Room for `length` numbers, before the call's own memory begins; undefined where too much is held already. Without
   * {@link hold} it lasts until the next call.
   *
   * @throws NuwaError `MEMORY` beyond 4 GiB, or where the system has not that much
   */
  take(length: number): Region | undefined {
    const held = [...this.#users.keys()].reduce((sum, region) => sum + region.length, 0);
    if ((held + length) * 4 > this.#mostBytes) return undefined;
    const region = this.#leases.take(length);
    this.#users.set(region, () => false);
    return region;
  }

  /** Keeps what was taken as long as it is used. */
  hold(region: Region, isUsed: () => boolean): void {
    this.#users.set(region, isUsed);
  }

  /** Gives back what nobody uses. */
  releaseUnused(): void {
    for (const [region, isUsed] of this.#users) {
      if (isUsed()) continue;
      this.#leases.giveBack(region);
      this.#users.delete(region);
    }
  }
}
