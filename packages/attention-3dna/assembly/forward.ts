import { Job, keyBase, queryBase, statisticsOf, weightsOf } from "./job";
import { fillUp, rowProducts, scaleAndBias, sumRows } from "./scores";
import { exp4, maxOfLanes, sumOfLanes } from "./vector";

/** y = softmax(scale q k^T + bias) v for one query of a sample's head. `row` has room for its scores. */
export function forwardRow(job: Job, sample: i32, head: i32, query: i32, row: usize): void {
  const place = queryBase(job, sample, head) + <usize>query * <usize>job.queryTokenStride;
  const base = keyBase(job, sample, head);
  const first = load<i32>(<usize>job.offsets + (<usize>query << 2));
  const end = load<i32>(<usize>job.offsets + (<usize>(query + 1) << 2));
  rowProducts(job, <usize>job.query + place, <usize>job.key + base, first, end, row);
  scaleAndBias(job, head, first, end, row);
  const largest = largestOf(row, end - first);
  const reciprocal = exponentials(row, end - first, largest);
  sumRows(job, <usize>job.y + place, <usize>job.value + base, first, end, row, reciprocal);
  if (job.weights !== 0) {
    keepWeights(weightsOf(job, sample, head) + (<usize>first << 2), row, end - first, reciprocal);
    return;
  }
  const statistics = statisticsOf(job, sample, head, query);
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

/** exp(score - largest), in place; returns 1 / their sum. */
@inline
function exponentials(row: usize, count: i32, largest: f32): f32 {
  fillUp(row, count, -Infinity);
  const end = row + (<usize>count << 2);
  let sum = f32x4.splat(0);
  for (let at = row; at < end; at += 16) {
    const weights = exp4(f32x4.sub(v128.load(at), f32x4.splat(largest)));
    sum = f32x4.add(sum, weights);
    v128.store(at, weights);
  }
  return 1 / sumOfLanes(sum);
}

@inline
function keepWeights(weights: usize, row: usize, count: i32, reciprocal: f32): void {
  const end = <usize>count << 2;
  for (let at: usize = 0; at < end; at += 4) store<f32>(weights + at, load<f32>(row + at) * reciprocal);
}
