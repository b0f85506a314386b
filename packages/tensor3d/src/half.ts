/** Widens float16 bits to float32, exactly. */
export function fromHalf(bits: Uint16Array): Float32Array {
  const table = (halfValues ??= buildHalfValues());
  const values = new Float32Array(bits.length);
  for (let index = 0; index < bits.length; index++) values[index] = table[bits[index]];
  return values;
}

/** Widens bfloat16 bits to float32, exactly: they are the upper half of a float32. */
export function fromBrainHalf(bits: Uint16Array): Float32Array {
  const words = new Uint32Array(bits.length);
  for (let index = 0; index < bits.length; index++) words[index] = bits[index] << 16;
  return new Float32Array(words.buffer);
}

/** Rounds to the nearest float16, ties to even; above 65,519 to infinity. */
export function toHalf(values: ArrayLike<number>): Uint16Array {
  const float = Float32Array.from(values);
  const words = new Uint32Array(float.buffer);
  const bits = new Uint16Array(float.length);
  for (let index = 0; index < bits.length; index++) {
    const sign = (words[index] >>> 16) & 0x8000;
    const magnitude = words[index] & 0x7fffffff;
    bits[index] = sign | halfMagnitude(magnitude, Math.abs(float[index]));
  }
  return bits;
}

/** Rounds to the nearest bfloat16, ties to even. */
export function toBrainHalf(values: ArrayLike<number>): Uint16Array {
  const words = new Uint32Array(Float32Array.from(values).buffer);
  const bits = new Uint16Array(words.length);
  for (let index = 0; index < bits.length; index++) {
    const word = words[index];
    const isNumber = (word & 0x7fffffff) <= 0x7f800000;
    bits[index] = isNumber ? roundedShift(word, 16) : (word >>> 16) | 0x40;
  }
  return bits;
}

let halfValues: Float32Array | undefined;

function buildHalfValues(): Float32Array {
  return Float32Array.from({ length: 65536 }, (_, bits) => {
    const sign = bits & 0x8000 ? -1 : 1;
    const exponent = (bits >>> 10) & 31;
    const fraction = bits & 1023;
    if (exponent === 31) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY;
    return exponent === 0 ? sign * fraction * 2 ** -24 : sign * (1024 + fraction) * 2 ** (exponent - 25);
  });
}

function halfMagnitude(magnitude: number, value: number): number {
  if (magnitude > 0x7f800000) return 0x7e00; // not a number
  if (magnitude >= 0x477ff000) return 0x7c00; // rounds to 65,536 or more
  if (magnitude >= 0x38800000) return roundedShift(magnitude - 0x38000000, 13);
  // Subnormal: a multiple of 2^-24. Adding and taking away 2^52 rounds ties to even.
  return value * 2 ** 24 + 2 ** 52 - 2 ** 52;
}

function roundedShift(word: number, shift: number): number {
  const odd = (word >>> shift) & 1;
  return Math.floor((word + (2 ** (shift - 1) - 1) + odd) / 2 ** shift);
}
