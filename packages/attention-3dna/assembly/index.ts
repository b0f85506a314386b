// The fused attention kernel: table-driven, forward and backward, for one or more threads over one memory.
// Built by scripts/build-kernel.mjs.
import { keyGradientRow, queryGradientRow } from "./backward";
import { forwardRow } from "./forward";
import { Job, Phase, Step, stepOf, theJob } from "./job";

/** Opens the job that lies in memory: the other threads wake up, and wait for steps. */
export function start(): void {
  const job = theJob();
  job.next = 0;
  job.offered = 0;
  atomic.add<i32>(epochOf(job), 1);
  atomic.notify(epochOf(job), -1);
}

/** Says that what the first `steps` steps read is in memory. The main thread offers all before it completes any. */
export function offer(steps: i32): void {
  const job = theJob();
  atomic.store<i32>(offeredOf(job), steps);
  atomic.notify(offeredOf(job), -1);
}

/** The main thread's part: works at a step until all of it is done. What it needs must be complete. */
export function complete(step: i32): void {
  const job = theJob();
  const left = leftOf(stepOf(job, step));
  while (atomic.load<i32>(left) !== 0) {
    if (!takeTile(job, 0, step)) awaitZero(left);
  }
}

/** Closes the job: other threads take no more tiles. Steps that are not complete are given up. */
export function close(): void {
  const job = theJob();
  atomic.store<i32>(nextOf(job), job.steps * job.tiles);
  offer(job.steps);
  atomic.add<i32>(epochOf(job), 1);
}

/** Returns when no other thread looks at the closed job any more. */
export function settle(): void {
  awaitZero(workingOf(theJob()));
}

/** Copies rows of some bytes, which lie apart by strides, between places that do not overlap. No other thread is at work. */
export function copyRows(from: usize, fromStride: usize, to: usize, toStride: usize, bytes: usize, rows: i32): void {
  for (let row = 0; row < rows; row++, from += fromStride, to += toStride) memory.copy(to, from, bytes);
}

/** Another thread's life: helps with every job, and sleeps in between. It never returns. */
export function work(thread: i32): void {
  const job = theJob();
  while (true) {
    const epoch = atomic.load<i32>(epochOf(job));
    if ((epoch & 1) !== 0) {
      atomic.add<i32>(workingOf(job), 1);
      // Only while the job is still open; the main thread waits for those that are working.
      if (atomic.load<i32>(epochOf(job)) === epoch) while (takeTile(job, thread, job.steps)) {}
      atomic.sub<i32>(workingOf(job), 1);
      atomic.notify(workingOf(job), 1);
    }
    atomic.wait<i32>(epochOf(job), epoch, -1);
  }
}

/** Computes the next tile of the steps up to `last`, once what it needs is there. Returns false where none is left. */
function takeTile(job: Job, thread: i32, last: i32): bool {
  let tile = atomic.load<i32>(nextOf(job));
  let index: i32;
  while (true) {
    index = tile / job.tiles;
    if (index >= job.steps || index > last) return false;
    const seen = atomic.cmpxchg<i32>(nextOf(job), tile, tile + 1);
    if (seen === tile) break;
    tile = seen;
  }
  const step = stepOf(job, index);
  let offered = atomic.load<i32>(offeredOf(job));
  while (offered <= index) {
    atomic.wait<i32>(offeredOf(job), offered, -1);
    offered = atomic.load<i32>(offeredOf(job));
  }
  if (step.needs >= 0) awaitZero(leftOf(stepOf(job, step.needs)));
  computeTile(job, step, tile % job.tiles, thread);
  if (atomic.sub<i32>(leftOf(step), 1) === 1) atomic.notify(leftOf(step), -1);
  return true;
}

function computeTile(job: Job, step: Step, tile: i32, thread: i32): void {
  const row = <usize>job.rows + <usize>thread * (<usize>job.rowBytes << 1);
  const rows = step.phase === Phase.KEY_GRADIENT ? job.keyCount : job.queryCount;
  const each = (rows + job.tiles - 1) / job.tiles;
  const begin = tile * each;
  const end = min(begin + each, rows);
  const sample = step.group / job.heads;
  const first = step.group % job.heads;
  for (let token = begin; token < end; token++) {
    for (let head = first; head < first + job.span; head++) {
      if (step.phase === Phase.FORWARD) forwardRow(job, sample, head, token, row);
      else if (step.phase === Phase.QUERY_GRADIENT) queryGradientRow(job, sample, head, token, row, thread);
      else keyGradientRow(job, sample, head, token);
    }
  }
}

function awaitZero(address: usize): void {
  let value = atomic.load<i32>(address);
  while (value !== 0) {
    atomic.wait<i32>(address, value, -1);
    value = atomic.load<i32>(address);
  }
}

@inline
function epochOf(job: Job): usize {
  return changetype<usize>(job) + offsetof<Job>("epoch");
}

@inline
function nextOf(job: Job): usize {
  return changetype<usize>(job) + offsetof<Job>("next");
}

@inline
function offeredOf(job: Job): usize {
  return changetype<usize>(job) + offsetof<Job>("offered");
}

@inline
function workingOf(job: Job): usize {
  return changetype<usize>(job) + offsetof<Job>("working");
}

@inline
function leftOf(step: Step): usize {
  return changetype<usize>(step) + offsetof<Step>("left");
}
