/** `[batch, heads, tokens, headDim]` -> `[batch, tokens, heads, headDim]`. */
export function merged(
  x: Float32Array,
  batch: number,
  heads: number,
  tokens: number,
  headDim: number,
): Float32Array {
  const y = new Float32Array(x.length);
  for (let row = 0; row < batch * heads * tokens; row++) {
    const token = row % tokens;
    const head = Math.floor(row / tokens) % heads;
    const sample = Math.floor(row / (tokens * heads));
    const target = ((sample * tokens + token) * heads + head) * headDim;
    y.set(x.subarray(row * headDim, (row + 1) * headDim), target);
  }
  return y;
}

/** `[batch, tokens, heads * headDim]` -> `[batch, heads, tokens, headDim]`. */
export function unmerged(
  x: Float32Array,
  [batch, tokens, features]: readonly number[],
  heads: number,
): Float32Array {
  return merged(x, batch, tokens, heads, features / heads);
}
