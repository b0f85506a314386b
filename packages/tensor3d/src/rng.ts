import * as tf from "@tensorflow/tfjs-core";
import { NuwaError } from "./errors.ts";
import { philox } from "./philox.ts";

/** Where a random stream stands: plain JSON, for checkpoints. */
export interface RngState {
  /** The two halves of the Philox key, as uint32. */
  readonly key: readonly [number, number];
  /** How many 32-bit words were drawn. */
  readonly position: number;
}

const fromUint32 = 2 ** -32;

/**
 * Seeded random numbers: word `n` of the stream is a function of the key and `n` only, computed on the
 * host, so the numbers do not depend on the backend. Draws advance this stream; `fork` does not.
 */
export class Rng {
  readonly #key: [number, number];
  #position = 0;
  readonly #block = new Uint32Array(4);
  #blockIndex = -1;
  #blank = false;

  /** @param seed an integer from 0 to 2^53 - 1 */
  constructor(seed: number) {
    if (!Number.isSafeInteger(seed) || seed < 0) {
      throw new NuwaError("INPUT", `Rng: seed must be an integer from 0 to 2^53 - 1, got ${seed}.`);
    }
    this.#key = [seed >>> 0, Math.floor(seed / 2 ** 32)];
  }

  /**
   * A stream whose normal numbers, and those of its forks, are all the mean: for layers whose parameters are loaded over
   * at once. Drawing a thousand million of them takes half a minute.
   */
  static blank(): Rng {
    const rng = new Rng(0);
    rng.#blank = true;
    return rng;
  }

  /**
   * An independent stream named by the path. It depends on the key of this one and the path only, not on
   * what was drawn: forks in any order are the same. `fork("a", 1)` equals `fork("a").fork(1)`; the number
   * 1 and the text "1" differ.
   */
  fork(...path: readonly (string | number)[]): Rng {
    let [key0, key1] = this.#key;
    const block = new Uint32Array(4);
    for (const part of path) {
      const words = pathWords(part);
      // Counters of draws end in 0, these in 1 + the number of words: they never meet.
      for (let index = 0; index < words.length; index++) {
        philox(block, 0, words[index], index, typeof part === "number" ? 1 : 2, 1 + words.length, key0, key1);
        key0 = block[0];
        key1 = block[1];
      }
    }
    const rng = Rng.from({ key: [key0, key1], position: 0 });
    rng.#blank = this.#blank;
    return rng;
  }

  /** The next word, a uint32. */
  next(): number {
    const index = Math.floor(this.#position / 4);
    if (index !== this.#blockIndex) {
      this.#compute(this.#block, 0, index);
      this.#blockIndex = index;
    }
    return this.#block[this.#position++ % 4];
  }

  /** The next `count` words, faster than one by one. */
  words(count: number): Uint32Array {
    const skipped = this.#position % 4;
    const first = (this.#position - skipped) / 4;
    const blocks = Math.ceil((skipped + count) / 4);
    const all = new Uint32Array(blocks * 4);
    for (let block = 0; block < blocks; block++) this.#compute(all, block * 4, first + block);
    this.#position += count;
    return all.subarray(skipped, skipped + count);
  }

  /** `count` numbers in [0, 1), multiples of 2^-24. */
  uniform(count: number): Float32Array {
    const words = this.words(count);
    const values = new Float32Array(count);
    for (let index = 0; index < count; index++) values[index] = (words[index] >>> 8) * 2 ** -24;
    return values;
  }

  /** `count` normal numbers (Box-Muller; an odd count draws one number more and drops it). */
  normal(count: number, mean = 0, std = 1): Float32Array {
    // Zeros that nobody has written take no memory.
    if (this.#blank) return mean === 0 ? new Float32Array(count) : new Float32Array(count).fill(mean);
    const words = this.words(count + (count % 2));
    const values = new Float32Array(count);
    for (let index = 0; index < count; index += 2) {
      const radius = std * Math.sqrt(-2 * Math.log((words[index] + 1) * fromUint32));
      const angle = 2 * Math.PI * fromUint32 * words[index + 1];
      values[index] = mean + radius * Math.cos(angle);
      if (index + 1 < count) values[index + 1] = mean + radius * Math.sin(angle);
    }
    return values;
  }

  /** `count` numbers of the standard Gumbel distribution: `argmax(logits + gumbel)` samples from a softmax. */
  gumbel(count: number): Float32Array {
    return Float32Array.from(this.words(count), gumbelOf);
  }

  /** The last of `gumbel(index + 1)`, but nothing is drawn: for streams of which few numbers are wanted. */
  gumbelAt(index: number): number {
    const position = this.#position + index;
    const block = Math.floor(position / 4);
    if (block !== this.#blockIndex) {
      this.#compute(this.#block, 0, block);
      this.#blockIndex = block;
    }
    return Math.fround(gumbelOf(this.#block[position % 4]));
  }

  /** `count` integers from 0 to `bound - 1`, with a bias below `bound / 2^32`. */
  integers(count: number, bound: number): Int32Array {
    if (!Number.isInteger(bound) || bound < 1 || bound > 2 ** 31) {
      throw new NuwaError("INPUT", `Rng.integers: bound must be an integer from 1 to 2^31, got ${bound}.`);
    }
    return Int32Array.from(this.words(count), (word) => Math.floor(word * fromUint32 * bound));
  }

  /** The numbers from 0 to `n - 1`, shuffled. */
  permutation(n: number): Int32Array {
    const values = Int32Array.from({ length: n }, (_, index) => index);
    for (let last = n - 1; last > 0; last--) {
      const other = Math.floor(this.next() * fromUint32 * (last + 1));
      const value = values[last];
      values[last] = values[other];
      values[other] = value;
    }
    return values;
  }

  #compute(out: Uint32Array, place: number, index: number): void {
    philox(out, place, index >>> 0, Math.floor(index / 2 ** 32), 0, 0, this.#key[0], this.#key[1]);
  }

  /** Where this stream stands. `Rng.from` continues it exactly. */
  state(): RngState {
    return { key: [this.#key[0], this.#key[1]], position: this.#position };
  }

  /** @throws NuwaError `INPUT` when `state` is not one that `state()` gave */
  static from(state: RngState): Rng {
    const { key, position } = state ?? {};
    const isWord = (word: unknown) => Number.isInteger(word) && (word as number) >>> 0 === word;
    if (
      !Array.isArray(key) ||
      key.length !== 2 ||
      !key.every(isWord) ||
      !(position >= 0) ||
      !Number.isSafeInteger(position)
    ) {
      throw new NuwaError(
        "INPUT",
        `Rng.from: wanted { key: [uint32, uint32], position }, got ${JSON.stringify(state)}. Pass what state() returned.`,
      );
    }
    const rng = new Rng(0);
    rng.#key[0] = key[0];
    rng.#key[1] = key[1];
    rng.#position = position;
    return rng;
  }
}

function gumbelOf(word: number): number {
  return -Math.log(-Math.log((word + 0.5) * fromUint32));
}

/** The largest number that `Rng.gumbel` can give, about 22.9. */
export const LARGEST_GUMBEL = gumbelOf(2 ** 32 - 1);

/** Normal numbers from `rng` as a float32 tensor. The caller owns it. */
export function randomNormal(
  shape: readonly number[],
  rng: Rng,
  { mean = 0, std = 1 }: { mean?: number; std?: number } = {},
): tf.Tensor {
  const count = shape.reduce((product, size) => product * size, 1);
  return tf.tensor(rng.normal(count, mean, std), [...shape], "float32");
}

/** A text as its UTF-16 units, a number as the two halves of its double, after the number of words. */
function pathWords(part: string | number): number[] {
  if (typeof part === "number") return [...new Uint32Array(new Float64Array([part]).buffer)];
  const words = Array.from({ length: part.length }, (_, index) => part.charCodeAt(index));
  return words.length > 0 ? words : [0xffffffff];
}
