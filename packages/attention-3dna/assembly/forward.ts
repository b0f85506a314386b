import { Job, keyBase, queryBase, statisticsOf } from "./job";
import { entryAt, fillUp, rowProducts, scaleAndBias } from "./scores";
import { addRows4, exp4, maxOfLanes, sumOfLanes } from "./vector";

/** y = softmax(scale q k^T + bias) v for one query of a group. `row` has room for its scores. */
export function forwardRow(job: Job, group: i32, query: i32, row: usize): void {
  const place = queryBase(job, group) + <usize>query * <usize>job.queryTokenStride;
  const base = keyBase(job, group);
  const first = load<i32>(<usize>job.offsets + (<usize>query << 2));
  const end = load<i32>(<usize>job.offsets + (<usize>(query + 1) << 2));
  rowProducts(job, <usize>job.query + place, <usize>job.key + base, first, end, row);
  scaleAndBias(job, group % job.heads, first, end, row);
  const largest = largestOf(row, end - first);
  const reciprocal = softmax(row, end - first, largest);
  addValues(job, <usize>job.y + place, <usize>job.value + base, first, end, row);
  const statistics = statisticsOf(job, group, query);
  store<f32>(statistics, largest);
  store<f32>(statistics + 4, reciprocal);
}

/** The row holds copies of its last score up to a multiple of four. */
@inline
function largestOf(row: usize, count: i32): f32 {
  let largest = f32x4.splat(-Infinity);
  const end = row + (<usize>count << 2);
  for (let at = row; at < end; at += 16) largest = f32x4.max(largest, v128.load(at));
  return maxOfLanes(largest);
}

/** exp(score - largest) / sum, in place; returns 1 / sum. */
@inline
function softmax(row: usize, count: i32, largest: f32): f32 {
  fillUp(row, count, -Infinity);
  const end = row + (<usize>count << 2);
  let sum = f32x4.splat(0);
  for (let at = row; at < end; at += 16) {
    const weights = exp4(f32x4.sub(v128.load(at), f32x4.splat(largest)));
    sum = f32x4.add(sum, weights);
    v128.store(at, weights);
  }
  const reciprocal: f32 = 1 / sumOfLanes(sum);
  for (let at = row; at < end; at += 16) v128.store(at, f32x4.mul(v128.load(at), f32x4.splat(reciprocal)));
  return reciprocal;
}

@inline
function addValues(job: Job, y: usize, values: usize, first: i32, end: i32, weights: usize): void {
  const keys = <usize>job.keys;
  const stride = <usize>job.keyTokenStride;
  const last = end - 1;
  memory.fill(y, 0, <usize>job.headDim << 2);
  for (let entry = first; entry < end; entry += 4, weights += 16) {
    addRows4(
      y,
      v128.load(weights),
      values + entryAt(keys, entry, last) * stride,
      values + entryAt(keys, entry + 1, last) * stride,
      values + entryAt(keys, entry + 2, last) * stride,
      values + entryAt(keys, entry + 3, last) * stride,
      job.headDim,
    );
  }
}
