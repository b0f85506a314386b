import { endOf, growTo, type Region, START } from "./workspace.ts";

/** Parts of the kernel's memory that outlast a call. What calls reserve lies after all of them. */
export class Leases {
  readonly #memory: WebAssembly.Memory;
  /** By address. */
  readonly #regions: Region[] = [];

  constructor(memory: WebAssembly.Memory) {
    this.#memory = memory;
  }

  /** Where the memory of calls begins. */
  get end(): number {
    const last = this.#regions.at(-1);
    return last ? endOf(last) : START;
  }

  /** What is taken now, in bytes. */
  get bytes(): number {
    return this.#regions.reduce((sum, region) => sum + endOf(region) - region.address, 0);
  }

  /**
   * Room for `length` numbers, in the first gap that has it. Views of the memory that were made before are no longer good.
   *
   * @throws NuwaError `MEMORY` beyond 4 GiB, or where the system has not that much
   */
  take(length: number): Region {
    let address = START;
    let place = 0;
    for (; place < this.#regions.length; place++) {
      const next = this.#regions[place];
      if (endOf({ address, length }) <= next.address) break;
      address = endOf(next);
    }
    const region = { address, length };
    growTo(this.#memory, endOf(region));
    this.#regions.splice(place, 0, region);
    return region;
  }

  giveBack(region: Region): void {
    const place = this.#regions.indexOf(region);
    if (place >= 0) this.#regions.splice(place, 1);
  }
}
