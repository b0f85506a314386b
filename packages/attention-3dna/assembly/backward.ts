import { edgesOf, Job, keyBase, placeAt, queryBase, statisticsOf, weightsOf } from "./job";
import { rowProducts, scaleAndBias } from "./scores";
import { sumRows } from "./sums";
import { addRows2, addRows4, exp4, firstLanes, storeLanes, sumOfLanes } from "./vector";

/**
 * The gradient of one query of a sample's head, its share of the bias's, and each of its pairs' weight and score gradient,
 * for `keyGradientRow`. `row` has room for its scores and their gradients.
 */
export function queryGradientRow(job: Job, sample: i32, head: i32, query: i32, row: usize, thread: i32): void {
  const place = queryBase(job, sample, head) + <usize>query * <usize>job.queryTokenStride;
  const base = keyBase(job, sample, head);
  const first = load<i32>(<usize>job.offsets + (<usize>query << 2));
  const end = load<i32>(<usize>job.offsets + (<usize>(query + 1) << 2));
  const gradients = row + <usize>job.rowBytes;
  if (job.weights !== 0) {
    copyWeights(row, weightsOf(job, sample, head) + (<usize>first << 2), end - first);
  } else {
    rowProducts(job, <usize>job.query + place, <usize>job.key + base, first, end, row);
    scaleAndBias(job, head, first, end, row);
    weightsOfScores(row, end - first, statisticsOf(job, sample, head, query));
  }
  rowProducts(job, <usize>job.y + place, <usize>job.value + base, first, end, gradients);
  scoreGradients(row, gradients, end - first, edgesOf(job, sample, head) + (<usize>first << 3));
  if (job.biasOffsets > 0) addToBias(job, thread * job.heads + head, gradients, first, end);
  sumRows(job, <usize>job.queryGradient + place, <usize>job.key + base, first, end, gradients, job.scale);
}

/** Zeros fill up the row. */
@inline
function copyWeights(row: usize, weights: usize, count: i32): void {
  for (let left = count; left > 0; left -= 4, row += 16, weights += 16) {
    v128.store(row, firstLanes(v128.load(weights), left));
  }
}

/** Scores become weights, in place. Zeros fill up the row. */
@inline
function weightsOfScores(row: usize, count: i32, statistics: usize): void {
  const largest = f32x4.splat(load<f32>(statistics));
  const reciprocal = f32x4.splat(load<f32>(statistics + 4));
  for (let left = count; left > 0; left -= 4, row += 16) {
    const weights = f32x4.mul(exp4(f32x4.sub(v128.load(row), largest)), reciprocal);
    v128.store(row, firstLanes(weights, left));
  }
}

/** dp = dy . v becomes p (dp - sum p dp), in place, by the weights p of the row, and both go to the pairs' `edges`. */
@inline
function scoreGradients(row: usize, gradients: usize, count: i32, edges: usize): void {
  const end = <usize>count << 2;
  let sum = f32x4.splat(0);
  for (let at: usize = 0; at < end; at += 16) {
    sum = f32x4.add(sum, f32x4.mul(v128.load(row + at), v128.load(gradients + at)));
  }
  const mean = f32x4.splat(sumOfLanes(sum));
  let left = count << 1;
  for (let at: usize = 0; at < end; at += 16, edges += 32, left -= 8) {
    const weights = v128.load(row + at);
    const centred = f32x4.mul(weights, f32x4.sub(v128.load(gradients + at), mean));
    v128.store(gradients + at, centred);
    storeLanes(edges, v128.shuffle<f32>(weights, centred, 0, 4, 1, 5), left);
    if (left > 4) storeLanes(edges + 16, v128.shuffle<f32>(weights, centred, 2, 6, 3, 7), left - 4);
  }
}

@inline
function addToBias(job: Job, row: i32, gradients: usize, first: i32, end: i32): void {
  const sums = <usize>job.biasGradient + (<usize>(row * job.biasOffsets) << 2);
  for (let entry = first; entry < end; entry++, gradients += 4) {
    const at = sums + placeAt(<usize>job.offsetOf, entry, 4);
    store<f32>(at, load<f32>(at) + load<f32>(gradients));
  }
}

/** The gradients of one key and its value of a sample's head, gathered from the queries that attend it. */
export function keyGradientRow(job: Job, sample: i32, head: i32, key: i32): void {
  const place = keyBase(job, sample, head) + <usize>key * <usize>job.keyTokenStride;
  const first = load<i32>(<usize>job.transposedOffsets + (<usize>key << 2));
  const end = load<i32>(<usize>job.transposedOffsets + (<usize>(key + 1) << 2));
  if (first === end) {
    memory.fill(<usize>job.keyGradient + place, 0, <usize>job.headDim << 2);
    memory.fill(<usize>job.valueGradient + place, 0, <usize>job.headDim << 2);
    return;
  }
  const base = queryBase(job, sample, head);
  const edges = edgesOf(job, sample, head);
  if (end - first < 3) {
    addTwo(job, base, edges, place, true, first, end);
    return;
  }
  addFour(job, base, edges, place, true, first, end);
  let entry = first + 4;
  for (; entry + 2 < end; entry += 4) addFour(job, base, edges, place, false, entry, end);
  if (entry < end) addTwo(job, base, edges, place, false, entry, end);
}

/** Adds to a key and its value what four queries give, or the three that are left. */
@inline
function addFour(job: Job, base: usize, edges: usize, place: usize, fresh: bool, entry: i32, end: i32): void {
  const fourth = min(entry + 3, end - 1);
  const e01 = v128.shuffle<f32>(edgeAt(job, edges, entry), edgeAt(job, edges, entry + 1), 0, 4, 1, 5);
  const e23 = v128.shuffle<f32>(edgeAt(job, edges, entry + 2), edgeAt(job, edges, fourth), 0, 4, 1, 5);
  const weights = firstLanes(v128.shuffle<f32>(e01, e23, 0, 1, 4, 5), end - entry);
  const gradients = firstLanes(v128.shuffle<f32>(e01, e23, 2, 3, 6, 7), end - entry);
  const q0 = base + placeAt(<usize>job.queries, entry, job.queryTokenStride);
  const q1 = base + placeAt(<usize>job.queries, entry + 1, job.queryTokenStride);
  const q2 = base + placeAt(<usize>job.queries, entry + 2, job.queryTokenStride);
  const q3 = base + placeAt(<usize>job.queries, fourth, job.queryTokenStride);
  const dv = <usize>job.valueGradient + place;
  const dk = <usize>job.keyGradient + place;
  const scaled = f32x4.mul(gradients, f32x4.splat(job.scale));
  addRows4(dv, fresh, weights, job.y + q0, job.y + q1, job.y + q2, job.y + q3, job.headDim);
  addRows4(dk, fresh, scaled, job.query + q0, job.query + q1, job.query + q2, job.query + q3, job.headDim);
}

/** As `addFour`, with the last two queries or the last one. */
@inline
function addTwo(job: Job, base: usize, edges: usize, place: usize, fresh: bool, entry: i32, end: i32): void {
  const last = end - 1;
  const both = v128.shuffle<f32>(edgeAt(job, edges, entry), edgeAt(job, edges, last), 0, 4, 1, 5);
  const weights = firstLanes(both, end - entry);
  const gradients = firstLanes(v128.shuffle<f32>(both, both, 2, 3, 2, 3), end - entry);
  const q0 = base + placeAt(<usize>job.queries, entry, job.queryTokenStride);
  const q1 = base + placeAt(<usize>job.queries, last, job.queryTokenStride);
  const scaled = f32x4.mul(gradients, f32x4.splat(job.scale));
  addRows2(<usize>job.valueGradient + place, fresh, weights, job.y + q0, job.y + q1, job.headDim);
  addRows2(<usize>job.keyGradient + place, fresh, scaled, job.query + q0, job.query + q1, job.headDim);
}

/** The weight and the score gradient of an entry of the transposed table. */
@inline
function edgeAt(job: Job, edges: usize, entry: i32): v128 {
  return v128.load64_zero(edges + placeAt(<usize>job.entries, entry, 8));
}
