import type { ByteReader } from "./byte-reader.ts";

/** The number, text, boolean or None that an opcode stands for, or undefined for other opcodes. */
export function readScalar(
  code: string,
  reader: ByteReader,
): number | bigint | string | boolean | null | undefined {
  switch (code) {
    case "N":
      return null;
    case "\x88": // NEWTRUE
      return true;
    case "\x89": // NEWFALSE
      return false;
    case "J": // BININT
      return reader.int32();
    case "K": // BININT1
      return reader.uint8();
    case "M": // BININT2
      return reader.uint16();
    case "\x8a": // LONG1
      return reader.integer(reader.uint8());
    case "\x8b": // LONG4
      return reader.integer(reader.uint32());
    case "G": // BINFLOAT
      return reader.float64();
    case "\x8c": // SHORT_BINUNICODE
      return reader.text(reader.uint8());
    case "X": // BINUNICODE
      return reader.text(reader.uint32());
    case "\x8d": // BINUNICODE8
      return reader.text(reader.uint64());
    default:
      return undefined;
  }
}
