import { refuse } from "./error.ts";

/** Reads the arguments of a pickle's opcodes, never past the end. */
export class ByteReader {
  private readonly bytes: Uint8Array;
  private readonly view: DataView;
  private place = 0;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** Moves on by `count` bytes and returns where they begin. */
  skip(count: number): number {
    if (!(count <= this.bytes.length - this.place)) refuse("its pickle was cut");
    this.place += count;
    return this.place - count;
  }

  uint8(): number {
    return this.view.getUint8(this.skip(1));
  }

  uint16(): number {
    return this.view.getUint16(this.skip(2), true);
  }

  uint32(): number {
    return this.view.getUint32(this.skip(4), true);
  }

  int32(): number {
    return this.view.getInt32(this.skip(4), true);
  }

  /** Inexact above 2^53, which no file is long enough for. */
  uint64(): number {
    return Number(this.view.getBigUint64(this.skip(8), true));
  }

  /** The only number that a pickle has with the highest byte first. */
  float64(): number {
    return this.view.getFloat64(this.skip(8), false);
  }

  /** A whole number of any sign in `count` bytes, as a big integer only where it must be. */
  integer(count: number): number | bigint {
    if (count > 255) refuse(`its pickle has a number of ${count} bytes`);
    const begin = this.skip(count);
    let value = 0n;
    for (let place = begin + count - 1; place >= begin; place--)
      value = value * 256n + BigInt(this.bytes[place]);
    value = BigInt.asIntN(8 * count, value);
    const small = Number(value);
    return Number.isSafeInteger(small) ? small : value;
  }

  text(length: number): string {
    const begin = this.skip(length);
    return decoded(this.bytes.subarray(begin, begin + length));
  }

  line(): string {
    const end = this.bytes.indexOf(0x0a, this.place);
    if (end === -1) refuse("its pickle was cut");
    const text = this.text(end - this.place);
    this.skip(1);
    return text;
  }
}

function decoded(bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (cause) {
    return refuse("its pickle has a text that is not UTF-8", undefined, cause);
  }
}
