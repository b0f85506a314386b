// The fused attention kernel: table-driven, forward and backward, for one or more threads over one memory.
// Built by scripts/build-kernel.mjs.
import { keyGradientRow, queryGradientRow } from "./backward";
import { forwardRow } from "./forward";
import { Job, Phase, TILE, theJob } from "./job";

/** The main thread's part: opens the job that lies in memory, works on it too, and returns when all is done. */
export function run(): void {
  const job = theJob();
  const shared = job.threads > 1;
  const rows = job.phase === Phase.KEY_GRADIENT ? job.keyCount : job.queryCount;
  job.tiles = (job.groups / job.span) * tilesOf(rows);
  job.next = 0;
  if (shared) {
    atomic.add<i32>(epochOf(job), 1);
    atomic.notify(epochOf(job), job.threads - 1);
  }
  takeTiles(job, 0);
  if (!shared) return;
  atomic.add<i32>(epochOf(job), 1);
  let working = atomic.load<i32>(workingOf(job));
  while (working !== 0) {
    atomic.wait<i32>(workingOf(job), working, -1);
    working = atomic.load<i32>(workingOf(job));
  }
}

/** Another thread's life: helps with every job, and sleeps in between. It never returns. */
export function work(thread: i32): void {
  const job = theJob();
  while (true) {
    const epoch = atomic.load<i32>(epochOf(job));
    if ((epoch & 1) !== 0) {
      atomic.add<i32>(workingOf(job), 1);
      // Only while the job is still open; the main thread waits for those that are working.
      if (atomic.load<i32>(epochOf(job)) === epoch) takeTiles(job, thread);
      atomic.sub<i32>(workingOf(job), 1);
      atomic.notify(workingOf(job), 1);
    }
    atomic.wait<i32>(epochOf(job), epoch, -1);
  }
}

function takeTiles(job: Job, thread: i32): void {
  const next = changetype<usize>(job) + offsetof<Job>("next");
  const row = <usize>job.rows + <usize>thread * (<usize>job.rowBytes << 1);
  const rows = job.phase === Phase.KEY_GRADIENT ? job.keyCount : job.queryCount;
  const tilesEach = tilesOf(rows);
  const span = job.span;
  while (true) {
    const tile = job.threads > 1 ? atomic.add<i32>(next, 1) : job.next++;
    if (tile >= job.tiles) return;
    const group = job.firstGroup + (tile / tilesEach) * span;
    const begin = (tile % tilesEach) * TILE;
    const end = min(begin + TILE, rows);
    const sample = group / job.heads;
    const first = group % job.heads;
    for (let token = begin; token < end; token++) {
      for (let head = first; head < first + span; head++) {
        if (job.phase === Phase.FORWARD) forwardRow(job, sample, head, token, row);
        else if (job.phase === Phase.QUERY_GRADIENT) queryGradientRow(job, sample, head, token, row, thread);
        else keyGradientRow(job, sample, head, token);
      }
    }
  }
}

@inline
function tilesOf(rows: i32): i32 {
  return (rows + TILE - 1) / TILE;
}

@inline
function epochOf(job: Job): usize {
  return changetype<usize>(job) + offsetof<Job>("epoch");
}

@inline
function workingOf(job: Job): usize {
  return changetype<usize>(job) + offsetof<Job>("working");
}
