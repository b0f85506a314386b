import { Rng } from "@nuwa/tensor3d";
import { expect, test } from "vitest";
import { blur, repaintBackground, spoil } from "./augment.ts";

/** `[size, size, 3]` of one value. */
const flat = (size: number, value: number) => new Float32Array(size * size * 3).fill(value);

test("blur spreads a pixel by 1-2-1 along both axes", () => {
  const frame = flat(5, 0);
  frame[(2 * 5 + 2) * 3] = 16;
  blur(frame, 5);
  const red = (row: number) => Array.from({ length: 5 }, (_, column) => frame[(row * 5 + column) * 3]);
  expect(red(1)).toEqual([0, 1, 2, 1, 0]);
  expect(red(2)).toEqual([0, 2, 4, 2, 0]);
  expect(red(3)).toEqual([0, 1, 2, 1, 0]);
  expect(frame.filter((value) => value !== 0)).toHaveLength(9); // other channels stay
});

test("spoil does nothing at strength 0, and stays near the picture otherwise", () => {
  const still = flat(16, 0.5);
  spoil(still, 16, new Rng(1), { blurs: 0, noise: 0, colour: 0, blocks: 0 });
  expect(still).toEqual(flat(16, 0.5));
  const spoilt = flat(16, 0.5);
  spoil(spoilt, 16, new Rng(1));
  expect(spoilt).not.toEqual(flat(16, 0.5));
  expect(Math.max(...spoilt.map((value) => Math.abs(value - 0.5)))).toBeLessThan(0.6);
});

test("spoil draws the same from the same stream", () => {
  const first = flat(16, 0.1);
  const second = flat(16, 0.1);
  spoil(first, 16, new Rng(7));
  spoil(second, 16, new Rng(7));
  expect(first).toEqual(second);
});

test("repaintBackground paints what the segmentation calls background, and nothing else", () => {
  const pixels = flat(2, 9);
  repaintBackground(pixels, Uint8Array.of(0, 3, 0, 1), new Rng(2));
  expect(pixels.subarray(3, 6)).toEqual(Float32Array.of(9, 9, 9));
  expect(pixels.subarray(9, 12)).toEqual(Float32Array.of(9, 9, 9));
  expect(pixels.subarray(0, 3)).toEqual(pixels.subarray(6, 9));
  expect(Math.max(...pixels.subarray(0, 3).map(Math.abs))).toBeLessThanOrEqual(1);
});
