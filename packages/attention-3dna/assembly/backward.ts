import { edgesOf, Job, keyBase, queryBase, statisticsOf, weightsOf } from "./job";
import { entryAt, fillUp, rowProducts, scaleAndBias, sumRows } from "./scores";
import { addRows4, exp4, sumOfLanes } from "./vector";

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
    memory.copy(row, weightsOf(job, sample, head) + (<usize>first << 2), <usize>(end - first) << 2);
  } else {
    rowProducts(job, <usize>job.query + place, <usize>job.key + base, first, end, row);
    scaleAndBias(job, head, first, end, row);
    weightsOfScores(row, end - first, statisticsOf(job, sample, head, query));
  }
  fillUp(row, end - first, 0);
  rowProducts(job, <usize>job.y + place, <usize>job.value + base, first, end, gradients);
  scoreGradients(row, gradients, end - first);
  keepEdges(edgesOf(job, sample, head) + (<usize>first << 3), row, gradients, end - first);
  if (job.biasOffsets > 0) addToBias(job, thread * job.heads + head, gradients, first, end);
  sumRows(job, <usize>job.queryGradient + place, <usize>job.key + base, first, end, gradients, job.scale);
}

/** Scores become weights, in place. */
@inline
function weightsOfScores(row: usize, count: i32, statistics: usize): void {
  const largest = f32x4.splat(load<f32>(statistics));
  const reciprocal = f32x4.splat(load<f32>(statistics + 4));
  const end = row + (<usize>count << 2);
  for (let at = row; at < end; at += 16) {
    v128.store(at, f32x4.mul(exp4(f32x4.sub(v128.load(at), largest)), reciprocal));
  }
}

/** dp = dy . v becomes p (dp - sum p dp), in place, by the weights p of the row, which zeros fill up. */
@inline
function scoreGradients(row: usize, gradients: usize, count: i32): void {
  const end = <usize>count << 2;
  let sum = f32x4.splat(0);
  for (let at: usize = 0; at < end; at += 16) {
    sum = f32x4.add(sum, f32x4.mul(v128.load(row + at), v128.load(gradients + at)));
  }
  const mean = f32x4.splat(sumOfLanes(sum));
  for (let at: usize = 0; at < end; at += 16) {
    const centred = f32x4.sub(v128.load(gradients + at), mean);
    v128.store(gradients + at, f32x4.mul(v128.load(row + at), centred));
  }
}

@inline
function keepEdges(edges: usize, row: usize, gradients: usize, count: i32): void {
  const end = <usize>count << 2;
  for (let at: usize = 0; at < end; at += 4, edges += 8) {
    store<f32>(edges, load<f32>(row + at));
    store<f32>(edges + 4, load<f32>(gradients + at));
  }
}

@inline
function addToBias(job: Job, row: i32, gradients: usize, first: i32, end: i32): void {
  const sums = <usize>job.biasGradient + (<usize>(row * job.biasOffsets) << 2);
  for (let entry = first; entry < end; entry++, gradients += 4) {
    const at = sums + (entryAt(<usize>job.offsetOf, entry, entry) << 2);
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
  addQueries(job, sample, head, place, true, first, end);
  for (let at = first + 4; at < end; at += 4) addQueries(job, sample, head, place, false, at, end);
}

/** Adds what four queries give to a key, fewer at the row's end. */
@inline
function addQueries(job: Job, sample: i32, head: i32, place: usize, fresh: bool, at: i32, end: i32): void {
  const base = queryBase(job, sample, head);
  const queryRows = <usize>job.query + base;
  const yRows = <usize>job.y + base;
  const edges = edgesOf(job, sample, head);
  const queries = <usize>job.queries;
  const stride = <usize>job.queryTokenStride;
  const headDim = job.headDim;
  const last = end - 1;
  const q0 = entryAt(queries, at, last) * stride;
  const q1 = entryAt(queries, at + 1, last) * stride;
  const q2 = entryAt(queries, at + 2, last) * stride;
  const q3 = entryAt(queries, at + 3, last) * stride;
  const e0 = edgeAt(job, edges, at, end);
  const e1 = edgeAt(job, edges, at + 1, end);
  const e2 = edgeAt(job, edges, at + 2, end);
  const e3 = edgeAt(job, edges, at + 3, end);
  const e01 = v128.shuffle<f32>(e0, e1, 0, 4, 1, 5); // two weights, two gradients
  const e23 = v128.shuffle<f32>(e2, e3, 0, 4, 1, 5);
  const weights = v128.shuffle<f32>(e01, e23, 0, 1, 4, 5);
  const gradients = f32x4.mul(v128.shuffle<f32>(e01, e23, 2, 3, 6, 7), f32x4.splat(job.scale));
  const dv = <usize>job.valueGradient + place;
  const dk = <usize>job.keyGradient + place;
  addRows4(dv, fresh, weights, yRows + q0, yRows + q1, yRows + q2, yRows + q3, headDim);
  addRows4(dk, fresh, gradients, queryRows + q0, queryRows + q1, queryRows + q2, queryRows + q3, headDim);
}

/** The (weight, score gradient) of an entry of the transposed table, zeros past the row's end. */
@inline
function edgeAt(job: Job, edges: usize, at: i32, end: i32): v128 {
  if (at >= end) return f32x4.splat(0);
  return v128.load64_zero(edges + (entryAt(<usize>job.entries, at, at) << 3));
}
