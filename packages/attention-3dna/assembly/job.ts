/**
 * One piece of work that all threads share, at a fixed place in memory. The host fills in everything from `steps` on;
 * scripts/build-kernel.mjs tells it the fields.
 *
 * Its steps are taken in order, each in tiles of rows: a thread takes the next tile and then waits for what it needs, so
 * whatever is waited for is being computed, or copied in by the main thread.
 */
@unmanaged
export class Job {
  /** Counts openings and closings: odd while threads may take tiles. */
  epoch: i32;
  /** The next tile to take. */
  next: i32;
  /** Steps, from the first on, whose inputs are in memory. */
  offered: i32;
  /** Threads, besides the main one, that may be taking tiles. */
  working: i32;

  steps: i32;
  /** Tiles of each step. */
  tiles: i32;
  /** Groups, each a head of a sample, of a step: 1, or all heads where their rows lie side by side, taken in turn. */
  span: i32;
  heads: i32;
  queryCount: i32;
  keyCount: i32;
  headDim: i32;
  scale: f32;
  /** Columns of the bias, 0 without one. */
  biasOffsets: i32;
  /** Pairs of the table. */
  pairs: i32;

  // Steps between rows of headDim numbers, in bytes, for tensors over the queries and over the keys.
  queryBatchStride: i32;
  queryHeadStride: i32;
  queryTokenStride: i32;
  keyBatchStride: i32;
  keyHeadStride: i32;
  keyTokenStride: i32;

  // Addresses.
  /** `[steps]` of `Step`. */
  stepList: i32;
  query: i32;
  key: i32;
  value: i32;
  /** The result, or in the backward pass its gradient. */
  y: i32;
  /** `[groups, pairs]`: the weights, or 0 where the backward pass computes them again from `statistics`. */
  weights: i32;
  /** `[groups, queryCount, 2]`: the largest score of a row and 1 / sum(exp(score - largest)). */
  statistics: i32;
  queryGradient: i32;
  keyGradient: i32;
  valueGradient: i32;
  bias: i32;
  /** `[threads, heads, biasOffsets]`. */
  biasGradient: i32;
  offsets: i32;
  keys: i32;
  offsetOf: i32;
  transposedOffsets: i32;
  queries: i32;
  entries: i32;
  /** `[edgeGroups, pairs, 2]`: each pair's weight, and the gradient of its score, in the place of group % edgeGroups. */
  edges: i32;
  edgeGroups: i32;
  /** A row of scores and a row of their gradients for each thread. */
  rows: i32;
  rowBytes: i32;
}

/** One phase for one group, or for the `span` groups from it on. */
@unmanaged
export class Step {
  /** `FORWARD`, `QUERY_GRADIENT` or `KEY_GRADIENT`. */
  phase: i32;
  group: i32;
  /** The step that must be complete before, -1 for none. */
  needs: i32;
  /** Tiles that are not done yet. */
  left: i32;
}

@inline const JOB_ADDRESS: usize = 64;

@inline
export function theJob(): Job {
  return changetype<Job>(JOB_ADDRESS);
}

@inline
export function stepOf(job: Job, index: i32): Step {
  return changetype<Step>(<usize>job.stepList + <usize>index * offsetof<Step>());
}

export namespace Phase {
  export const FORWARD = 0;
  export const QUERY_GRADIENT = 1;
  export const KEY_GRADIENT = 2;
}

/** Where the rows of a head of a sample begin in a tensor over the queries. */
@inline
export function queryBase(job: Job, sample: i32, head: i32): usize {
  return <usize>(sample * job.queryBatchStride + head * job.queryHeadStride);
}

/** Where the rows of a head of a sample begin in a tensor over the keys. */
@inline
export function keyBase(job: Job, sample: i32, head: i32): usize {
  return <usize>(sample * job.keyBatchStride + head * job.keyHeadStride);
}

/** Where the kept weights of a head's pairs lie. */
@inline
export function weightsOf(job: Job, sample: i32, head: i32): usize {
  return <usize>job.weights + <usize>(sample * job.heads + head) * (<usize>job.pairs << 2);
}

/** Where a row's largest score and the reciprocal of its sum lie. */
@inline
export function statisticsOf(job: Job, sample: i32, head: i32, query: i32): usize {
  const group = <usize>(sample * job.heads + head);
  return <usize>job.statistics + ((group * <usize>job.queryCount + <usize>query) << 3);
}

/** Where the weights and score gradients of a head's pairs lie. */
@inline
export function edgesOf(job: Job, sample: i32, head: i32): usize {
  const group = (sample * job.heads + head) % job.edgeGroups;
  return <usize>job.edges + <usize>group * (<usize>job.pairs << 3);
}

/** Where an entry of a list lies whose numbers are places `stride` bytes apart. */
@inline
export function placeAt(list: usize, entry: i32, stride: usize): usize {
  return <usize>load<i32>(list + (<usize>entry << 2)) * stride;
}
