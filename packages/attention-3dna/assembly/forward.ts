import { Job, keyBase, queryBase, statisticsOf, weightsOf } from "./job";
import { rowProducts, scaleAndBias } from "./scores";
import { sumRows } from "./sums";
import { exp4, firstLanes, storeLanes, sumOfLanes } from "./vector";

/** y = softmax(scale q k^T + bias) v for one query of a sample's head. `row` has room for its scores. */
export function forwardRow(job: Job, sample: i32, head: i32, query: i32, row: usize): void {
  const place = queryBase(job, sample, head) + <usize>query * <usize>job.queryTokenStride;
  const base = keyBase(job, sample, head);
  const first = load<i32>(<usize>job.offsets + (<usize>query << 2));
  const end = load<i32>(<usize>job.offsets + (<usize>(query + 1) << 2));
  rowProducts(job, <usize>job.query + place, <usize>job.key + base, first, end, row);
  const largest = scaleAndBias(job, head, first, end, row);
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

/** exp(score - largest) in place, zeros past the row's end; returns 1 / their sum. */
@inline
function exponentials(row: usize, count: i32, largest: f32): f32 {
  const most = f32x4.splat(largest);
  let sum = f32x4.splat(0);
  let left = count;
  for (; left > 4; left -= 4, row += 16) {
    const weights = exp4(f32x4.sub(v128.load(row), most));
    sum = f32x4.add(sum, weights);
    v128.store(row, weights);
  }
  const last = firstLanes(exp4(f32x4.sub(v128.load(row), most)), left);
  v128.store(row, last);
  return 1 / sumOfLanes(f32x4.add(sum, last));
}

@inline
function keepWeights(weights: usize, row: usize, count: i32, reciprocal: f32): void {
  for (let left = count; left > 0; left -= 4, row += 16, weights += 16) {
    storeLanes(weights, f32x4.mul(v128.load(row), f32x4.splat(reciprocal)), left);
  }
}
