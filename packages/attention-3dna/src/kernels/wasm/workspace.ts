import { NuwaError } from "@nuwa/tensor3d";

/** Where the data of a job begins: the job itself and the kernel's constants lie before. */
const START = 4096;
const PAGE = 65536;
const MOST_PAGES = 65536;

/** A place for numbers of 32 bits in the kernel's memory. */
export interface Region {
  readonly address: number;
  /** In numbers. */
  readonly length: number;
}

/** Lays out the arrays of one call in the kernel's memory: first `reserve` all, then `commit`, then use them. */
export class Workspace {
  readonly #memory: WebAssembly.Memory;
  #end = START;

  constructor(memory: WebAssembly.Memory) {
    this.#memory = memory;
  }

  /** Room for `length` numbers, from a multiple of 64 bytes on. */
  reserve(length: number): Region {
    const address = this.#end;
    this.#end = address + Math.ceil(length / 16) * 64;
    return { address, length };
  }

  /**
   * Makes the memory large enough. Views of it that were made before are no longer good.
   *
   * @throws NuwaError `MEMORY` beyond 4 GiB, or where the system has not that much
   */
  commit(): void {
    const pages = Math.ceil(this.#end / PAGE);
    const present = this.#memory.buffer.byteLength / PAGE;
    if (pages <= present) return;
    try {
      if (pages > MOST_PAGES) throw new RangeError("more than WebAssembly's 4 GiB");
      this.#memory.grow(pages - present);
    } catch (cause) {
      throw new NuwaError(
        "MEMORY",
        `attend: wanted ${(this.#end / 2 ** 30).toFixed(2)} GiB for the tensors of one call, got ${(cause as Error).message}.`,
        { hint: "Attend smaller batches, or fewer heads at once.", cause },
      );
    }
  }

  floats({ address, length }: Region): Float32Array {
    return new Float32Array(this.#memory.buffer, address, length);
  }

  ints({ address, length }: Region): Int32Array {
    return new Int32Array(this.#memory.buffer, address, length);
  }
}
