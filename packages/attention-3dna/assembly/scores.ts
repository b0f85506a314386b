import { Job } from "./job";
import { addRows4, dot4 } from "./vector";

/** Keys of a row of the table, four at a time; past its end the last one again. */
@inline
export function entryAt(list: usize, entry: i32, last: i32): usize {
  return <usize>load<i32>(list + (<usize>min(entry, last) << 2));
}

/** Writes the dot products of the row at `x` with the rows of a query's keys to `out`, rounded up to four. */
@inline
export function rowProducts(job: Job, x: usize, rows: usize, first: i32, end: i32, out: usize): void {
  const keys = <usize>job.keys;
  const stride = <usize>job.keyTokenStride;
  const headDim = job.headDim;
  let entry = first;
  for (; entry + 4 <= end; entry += 4, out += 16) {
    const at = keys + (<usize>entry << 2);
    const r0 = rows + <usize>load<i32>(at) * stride;
    const r1 = rows + <usize>load<i32>(at, 4) * stride;
    const r2 = rows + <usize>load<i32>(at, 8) * stride;
    const r3 = rows + <usize>load<i32>(at, 12) * stride;
    v128.store(out, dot4(x, r0, r1, r2, r3, headDim));
  }
  if (entry === end) return;
  const last = end - 1;
  const r0 = rows + entryAt(keys, entry, last) * stride;
  const r1 = rows + entryAt(keys, entry + 1, last) * stride;
  const r2 = rows + entryAt(keys, entry + 2, last) * stride;
  const r3 = rows + entryAt(keys, last, last) * stride;
  v128.store(out, dot4(x, r0, r1, r2, r3, headDim));
}

/** Turns products into scores, in place: times the scale, plus the bias. */
@inline
export function scaleAndBias(job: Job, head: i32, first: i32, end: i32, row: usize): void {
  const scale = f32x4.splat(job.scale);
  const last = end - 1;
  const columns = <usize>job.offsetOf;
  const values = <usize>job.bias + (<usize>(head * job.biasOffsets) << 2);
  for (let entry = first; entry < end; entry += 4, row += 16) {
    let scores = f32x4.mul(v128.load(row), scale);
    if (job.biasOffsets > 0) {
      const bias = f32x4(
        load<f32>(values + (entryAt(columns, entry, last) << 2)),
        load<f32>(values + (entryAt(columns, entry + 1, last) << 2)),
        load<f32>(values + (entryAt(columns, entry + 2, last) << 2)),
        load<f32>(values + (entryAt(columns, entry + 3, last) << 2)),
      );
      scores = f32x4.add(scores, bias);
    }
    v128.store(row, scores);
  }
}

/** Fills up a row of `count` numbers to a multiple of four. */
@inline
export function fillUp(row: usize, count: i32, value: f32): void {
  for (let place = count; (place & 3) !== 0; place++) store<f32>(row + (<usize>place << 2), value);
}

/** Writes the sum of a query's key or value rows, each times its weight and `scale`, to the row at `y`. */
@inline
export function sumRows(job: Job, y: usize, rows: usize, first: i32, end: i32, weights: usize, scale: f32): void {
  addRowsOf(job, y, true, rows, first, end - 1, v128.load(weights), scale);
  for (let entry = first + 4; entry < end; entry += 4) {
    weights += 16;
    addRowsOf(job, y, false, rows, entry, end - 1, v128.load(weights), scale);
  }
}

@inline
function addRowsOf(
  job: Job,
  y: usize,
  fresh: bool,
  rows: usize,
  entry: i32,
  last: i32,
  weights: v128,
  scale: f32,
): void {
  const keys = <usize>job.keys;
  const stride = <usize>job.keyTokenStride;
  addRows4(
    y,
    fresh,
    f32x4.mul(weights, f32x4.splat(scale)),
    rows + entryAt(keys, entry, last) * stride,
    rows + entryAt(keys, entry + 1, last) * stride,
    rows + entryAt(keys, entry + 2, last) * stride,
    rows + entryAt(keys, entry + 3, last) * stride,
    job.headDim,
  );
}
