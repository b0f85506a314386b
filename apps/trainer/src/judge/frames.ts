import { NuwaError } from "@nuwa/tensor3d";

/** `count` frame indices from `first` to `last`, evenly spaced, both ends included. */
export function spreadFrames(first: number, last: number, count: number): number[] {
  const step = (last - first) / (count - 1);
  return Array.from({ length: count }, (_, index) => Math.round(first + index * step));
}

/** The chosen frames of `[frames, frameLength]`, copied side by side. */
export function pickFrames(
  pixels: Float32Array,
  frameLength: number,
  indices: readonly number[],
): Float32Array {
  const picked = new Float32Array(indices.length * frameLength);
  indices.forEach((index, place) => {
    picked.set(pixels.subarray(index * frameLength, (index + 1) * frameLength), place * frameLength);
  });
  return picked;
}

/**
 * The pixels of all items one after the other.
 *
 * @throws NuwaError `INPUT` without items, `SHAPE` when they differ in length
 */
export function joinPixels(items: readonly { readonly pixels: Float32Array }[]): Float32Array {
  if (items.length === 0) throw new NuwaError("INPUT", "joinPixels: wanted at least one item, got none.");
  const length = items[0].pixels.length;
  const joined = new Float32Array(items.length * length);
  items.forEach(({ pixels }, index) => {
    if (pixels.length !== length) {
      throw new NuwaError(
        "SHAPE",
        `joinPixels: wanted ${length} values in every item, got ${pixels.length} in item ${index}.`,
      );
    }
    joined.set(pixels, index * length);
  });
  return joined;
}
