/**
 * Memory that TensorFlow reads in place, until its last use there has ended.
 *
 * TensorFlow says so by calling a deallocator, from any of its threads, where no JavaScript can run. So it gets C's `memset`, which
 * is of the same form: called with the address, the length and a number of ours, `memset(address, length, 1)` makes the lowest
 * byte of the length the memory's first byte. The length is chosen so that this is another byte than the first; TensorFlow
 * itself writes nothing to memory that it does not own.
 */
export class Loan {
  /** Holds the memory, so that it stays while TensorFlow has its address. */
  readonly values: Float32Array;
  /** What TensorFlow is told: the values' bytes, or one more. */
  readonly byteLength: number;
  readonly #bytes: Uint8Array;
  readonly #first: number;
  #returned = false;

  constructor(values: Float32Array) {
    this.values = values;
    this.#bytes = new Uint8Array(values.buffer, values.byteOffset, 1);
    this.#first = this.#bytes[0];
    const same = (values.byteLength & 255) === this.#first;
    this.byteLength = values.byteLength + (same ? 1 : 0);
  }

  /** Whether TensorFlow uses the memory no more. Once it was seen, the memory may be used for other things. */
  get isReturned(): boolean {
    this.#returned ||= Atomics.load(this.#bytes, 0) !== this.#first;
    return this.#returned;
  }
}
