/**
 * TensorFlow's `ConfigProto` as bytes: threads within an operation (field 2) and across operations
 * (field 5), and GPU memory that grows with need (field 6, `allow_growth` 4) instead of all at once.
 */
export function encodeConfig(threads: number): Uint8Array {
  const count = varint(threads);
  return Uint8Array.from([0x10, ...count, 0x28, ...count, 0x32, 2, 0x20, 1]);
}

function varint(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  while (rest >= 0x80) {
    bytes.push((rest & 0x7f) | 0x80);
    rest >>>= 7;
  }
  bytes.push(rest);
  return bytes;
}
