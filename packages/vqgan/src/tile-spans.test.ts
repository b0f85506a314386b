import { expect, test } from "vitest";
import { blendWeights, innerSpans, tileSpans } from "./tile-spans.ts";

test("spans by hand: neighbours share the overlap, lengths are even", () => {
  expect(tileSpans(4, 4, 2)).toEqual([{ start: 0, end: 4 }]);
  expect(tileSpans(5, 4, 2)).toEqual([
    { start: 0, end: 3 }, // 3 fresh positions in two spans: 1 and 2
    { start: 1, end: 5 },
  ]);
  expect(tileSpans(8, 4, 2)).toEqual([
    { start: 0, end: 4 },
    { start: 2, end: 6 },
    { start: 4, end: 8 },
  ]);
  expect(tileSpans(7, 3, 0).map(({ end }) => end)).toEqual([2, 4, 7]);
});

test("inner spans by hand: an odd overlap leaves one position more to the next", () => {
  const spans = tileSpans(9, 5, 1); // 0 to 5, 4 to 9
  expect(innerSpans(spans, 1)).toEqual([
    { start: 0, end: 4 },
    { start: 4, end: 9 },
  ]);
  expect(innerSpans(tileSpans(8, 4, 2), 2).map(({ end }) => end)).toEqual([3, 5, 8]);
});

test("weights by hand: a line over the overlap, less its margins", () => {
  const spans = tileSpans(8, 6, 4); // 0 to 6, 2 to 8
  const weights = (margin: number) => blendWeights(spans, 4, margin).map((values) => Array.from(values));
  expect(weights(0)).toEqual([
    [1, 1, 0.875, 0.625, 0.375, 0.125],
    [0.125, 0.375, 0.625, 0.875, 1, 1],
  ]);
  expect(weights(1)).toEqual([
    [1, 1, 1, 0.75, 0.25, 0],
    [0, 0.25, 0.75, 1, 1, 1],
  ]);
  expect(weights(2)).toEqual([
    [1, 1, 1, 1, 0, 0],
    [0, 0, 1, 1, 1, 1],
  ]);
  expect(blendWeights(tileSpans(3, 4, 2), 2, 0)).toEqual([new Float32Array([1, 1, 1])]);
});

test("everything is covered once, by tiles of the given size, whatever the numbers", () => {
  for (let tile = 1; tile <= 8; tile++) {
    for (let overlap = 0; overlap < tile; overlap++) {
      for (let length = 1; length <= 30; length++) {
        const spans = tileSpans(length, tile, overlap);
        const lengths = spans.map(({ start, end }) => end - start);
        expect(Math.max(...lengths)).toBeLessThanOrEqual(tile);
        expect(Math.max(...lengths) - Math.min(...lengths)).toBeLessThanOrEqual(1);
        for (const [index, { start }] of spans.slice(1).entries())
          expect(spans[index].end - start).toBe(overlap);
        const inner = innerSpans(spans, overlap);
        const kept = inner.flatMap(({ start, end }) =>
          Array.from({ length: end - start }, (_, i) => start + i),
        );
        expect(kept).toEqual(Array.from({ length }, (_, position) => position));
        for (let margin = 0; 2 * margin <= overlap; margin++) {
          const sums = new Float64Array(length);
          for (const [index, weights] of blendWeights(spans, overlap, margin).entries()) {
            expect(weights.every((weight) => weight >= 0 && weight <= 1)).toBe(true);
            for (const [offset, weight] of weights.entries()) sums[spans[index].start + offset] += weight;
          }
          expect(sums.every((sum) => Math.abs(sum - 1) < 1e-6)).toBe(true);
        }
      }
    }
  }
});
