import { Job } from "./job";
import { dot4 } from "./vector";

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
  const last = end - 1;
  for (let entry = first; entry < end; entry += 4, out += 16) {
    const products = dot4(
      x,
      rows + entryAt(keys, entry, last) * stride,
      rows + entryAt(keys, entry + 1, last) * stride,
      rows + entryAt(keys, entry + 2, last) * stride,
      rows + entryAt(keys, entry + 3, last) * stride,
      job.headDim,
    );
    v128.store(out, products);
  }
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
