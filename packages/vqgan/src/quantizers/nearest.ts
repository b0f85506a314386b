import * as tf from "@tensorflow/tfjs-core";

/** Largest number of entries of a rows × codes matrix that is held at once. */
const CHUNK_ENTRIES = 1 << 22;

function chunks(rows: number, codeCount: number, entries: number): { start: number; size: number }[] {
  const step = Math.max(1, Math.floor(entries / codeCount));
  const list: { start: number; size: number }[] = [];
  for (let start = 0; start < rows; start += step) list.push({ start, size: Math.min(step, rows - start) });
  return list;
}

/**
 * Index of the nearest code by squared distance, the lowest index on ties. Compares `‖c‖² − 2 z·c`,
 * which differs from the distance by the constant `‖z‖²`.
 *
 * @param latents `[n, dim]`
 * @param codebook `[codeCount, dim]`
 * @param chunkEntries how many distances to hold at once
 * @returns int32 `[n]`
 */
export function nearest(
  latents: tf.Tensor2D,
  codebook: tf.Tensor2D,
  chunkEntries: number = CHUNK_ENTRIES,
): tf.Tensor1D {
  const [rows, dim] = latents.shape;
  return tf.tidy(() => {
    const norms = tf.sum(tf.square(codebook), 1); // [codeCount]
    const scaled = tf.mul(tf.transpose(codebook), -2) as tf.Tensor2D; // [dim, codeCount]
    const parts = chunks(rows, codebook.shape[0], chunkEntries).map(({ start, size }) => {
      const part = tf.slice(latents, [start, 0], [size, dim]);
      return tf.argMin(tf.add(tf.matMul(part, scaled), norms), 1) as tf.Tensor1D; // [size]
    });
    return parts.length === 1 ? parts[0] : tf.concat(parts);
  });
}

/**
 * Count and sum of the latents of each code, as a product with the one-hot matrix: exact, and at hand on
 * every backend.
 *
 * @param latents `[n, dim]`
 * @param codes int32 `[n]`
 * @returns `counts` `[codeCount]`, `sums` `[codeCount, dim]`
 */
export function codeSums(
  latents: tf.Tensor2D,
  codes: tf.Tensor1D,
  codeCount: number,
  chunkEntries: number = CHUNK_ENTRIES,
): { counts: tf.Tensor1D; sums: tf.Tensor2D } {
  const [rows, dim] = latents.shape;
  return tf.tidy(() => {
    let counts: tf.Tensor1D = tf.zeros([codeCount]);
    let sums: tf.Tensor2D = tf.zeros([codeCount, dim]);
    for (const { start, size } of chunks(rows, codeCount, chunkEntries)) {
      const oneHot = tf.oneHot(tf.slice(codes, [start], [size]), codeCount, 1, 0, "float32") as tf.Tensor2D;
      counts = tf.add(counts, tf.sum(oneHot, 0));
      sums = tf.add(sums, tf.matMul(oneHot, tf.slice(latents, [start, 0], [size, dim]), true));
    }
    return { counts, sums };
  });
}
