import { Job, placeAt } from "./job";
import { dot2, dot4, maxOfLanes } from "./vector";

/** Writes the dot products of the row at `x` with the rows of a query's keys to `out`, and copies of some up to four. */
@inline
export function rowProducts(job: Job, x: usize, rows: usize, first: i32, end: i32, out: usize): void {
  const keys = <usize>job.keys;
  const stride = <usize>job.keyTokenStride;
  const last = end - 1;
  let entry = first;
  for (; entry + 2 < end; entry += 4, out += 16) {
    const r0 = rows + placeAt(keys, entry, stride);
    const r1 = rows + placeAt(keys, entry + 1, stride);
    const r2 = rows + placeAt(keys, entry + 2, stride);
    const r3 = rows + placeAt(keys, min(entry + 3, last), stride);
    v128.store(out, dot4(x, r0, r1, r2, r3, job.headDim));
  }
  if (entry >= end) return;
  const r0 = rows + placeAt(keys, entry, stride);
  const r1 = rows + placeAt(keys, last, stride);
  v128.store(out, dot2(x, r0, r1, job.headDim));
}

/** Turns products into scores, in place: times the scale, plus the bias. Returns the largest. */
@inline
export function scaleAndBias(job: Job, head: i32, first: i32, end: i32, row: usize): f32 {
  const scale = f32x4.splat(job.scale);
  const last = end - 1;
  const columns = <usize>job.offsetOf;
  const values = <usize>job.bias + (<usize>(head * job.biasOffsets) << 2);
  let largest = f32x4.splat(-Infinity);
  for (let entry = first; entry < end; entry += 4, row += 16) {
    let scores = f32x4.mul(v128.load(row), scale);
    if (job.biasOffsets > 0) {
      const bias = f32x4(
        load<f32>(values + placeAt(columns, entry, 4)),
        load<f32>(values + placeAt(columns, min(entry + 1, last), 4)),
        load<f32>(values + placeAt(columns, min(entry + 2, last), 4)),
        load<f32>(values + placeAt(columns, min(entry + 3, last), 4)),
      );
      scores = f32x4.add(scores, bias);
    }
    largest = f32x4.pmax(largest, scores);
    v128.store(row, scores);
  }
  return maxOfLanes(largest);
}
