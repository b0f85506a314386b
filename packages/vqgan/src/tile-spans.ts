/** Positions `start` to `end`, without the last one. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/**
 * Covers `length` positions with as few spans of at most `tile` as neighbours that share exactly `overlap` positions
 * allow; their lengths differ by one at most. A length of up to `tile` is one span.
 */
export function tileSpans(length: number, tile: number, overlap: number): Span[] {
  if (length <= tile) return [{ start: 0, end: length }];
  const fresh = length - overlap; // what the spans cover when each leaves its last `overlap` to the next one
  const count = Math.ceil(fresh / (tile - overlap));
  return Array.from({ length: count }, (_, index) => ({
    start: Math.floor((index * fresh) / count),
    end: Math.floor(((index + 1) * fresh) / count) + overlap,
  }));
}

/** The part that each span keeps where every position is wanted once: neighbours part in the middle of what they share. */
export function innerSpans(spans: readonly Span[], overlap: number): Span[] {
  const half = Math.floor(overlap / 2);
  return spans.map(({ start, end }, index) => ({
    start: index === 0 ? start : start + half,
    end: index === spans.length - 1 ? end : end - overlap + half,
  }));
}

/**
 * Weights of each span's positions; over all spans they sum to 1 at every position. Neighbours take over from each other
 * by a straight line over the `overlap` that they share, without `margin` positions at either end of it: there one of
 * them has weight 0. With `overlap = 2 margin` they part in its middle.
 *
 * @param spans as `tileSpans` gives them, with the same overlap
 */
export function blendWeights(spans: readonly Span[], overlap: number, margin: number): Float32Array[] {
  const width = overlap - 2 * margin;
  const risen = (distance: number) => {
    if (width === 0) return distance < margin ? 0 : 1;
    return Math.min(1, Math.max(0, (distance + 0.5 - margin) / width));
  };
  // A span has what has risen with it and not yet with the next one: the sum telescopes to 1.
  return spans.map(({ start, end }, index) => {
    const next = spans[index + 1];
    return Float32Array.from({ length: end - start }, (_, offset) => {
      const own = index === 0 ? 1 : risen(offset);
      return own - (next === undefined ? 0 : risen(start + offset - next.start));
    });
  });
}
