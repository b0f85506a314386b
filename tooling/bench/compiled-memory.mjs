// Whether memory stays flat while a program replays a compiled training step, and what a record leaves that is evicted.
import { parseArgs } from "node:util";
import { compile } from "@nuwa/backends";
import * as tf from "@tensorflow/tfjs-core";
import { createStep } from "./lib/memory-step.mjs";
import { openBench } from "./lib/open-bench.mjs";
import { settledMemory } from "./lib/settled-memory.mjs";

const { values: options } = parseArgs({
  options: {
    replays: { type: "string", default: "10000" },
    records: { type: "string", default: "200" },
    mode: { type: "string", default: "graph" },
    threads: { type: "string", default: "2" },
  },
});
const [replays, records] = [Number(options.replays), Number(options.records)];
const { mode } = options;
/** Shares of the replays after which memory is read. */
const shares = [0.1, 0.2, 0.5, 1];
/** By how much the process may grow from the first reading on. */
const replayBound = 0.02;
/** Bytes that an evicted record may leave, once the first half of them has filled what malloc keeps. */
const recordBound = 128 * 1024;
/** Two calls are recorded, the third runs the functions. */
const callsOfRecord = 3;
/** Of ever other shapes: in the smallest ones operations run by other kernels and on other threads. */
const smallestBatch = 50;

await openBench("node", Number(options.threads));
const ours = createStep();

async function reading() {
  return { rss: await settledMemory(), tensors: tf.memory().numTensors, handles: tf.backend().tensorCount() };
}

const mebibytes = (bytes) => `${(bytes / 2 ** 20).toFixed(1)} MiB`;
const line = ({ rss, tensors, handles }) =>
  `process ${mebibytes(rss)}, ${tensors} tensors, ${handles} of TensorFlow's`;

async function measureReplays() {
  const step = compile(ours.step, { mode });
  const input = ours.inputOf(2);
  const readings = [];
  for (let call = 1; call <= replays; call++) {
    tf.dispose(step(input));
    if (!shares.some((share) => call === Math.round(share * replays))) continue;
    readings.push(await reading());
    console.log(`  ${call} replays: ${line(readings.at(-1))}`);
  }
  const { operations, functions, outsideCalls } = step.records[0].program;
  console.log(
    `  ${operations} operations in ${functions.graph} functions as graphs and ${functions.xla} by XLA, ${outsideCalls} kernels between them`,
  );
  tf.dispose(input);
  step.dispose();
  const [first, last] = [readings[0], readings.at(-1)];
  const growth = last.rss / first.rss - 1;
  console.log(
    `  growth from ${Math.round(shares[0] * replays)} replays on: ${(growth * 100).toFixed(2)} %, at most ${replayBound * 100} % wanted`,
  );
  return growth <= replayBound && last.tensors === first.tensors && last.handles === first.handles;
}

/**
 * Records one batch size after the other, each of which evicts the one before.
 *
 * @param batchOf the batch of a record; the largest comes first, since the process keeps what that takes
 */
async function measureRecords(batchOf) {
  const step = compile(ours.step, { mode, records: 1 });
  const readings = [];
  for (let record = 0; record < records; record++) {
    const input = ours.inputOf(batchOf(record));
    for (let call = 0; call < callsOfRecord; call++) tf.dispose(step(input));
    input.dispose();
    if ((record + 1) % Math.ceil(records / 4) !== 0) continue;
    readings.push(await reading());
    console.log(`  ${record + 1} records: ${line(readings.at(-1))}`);
  }
  step.dispose();
  const [half, last] = [readings[1], readings.at(-1)];
  const left = (last.rss - half.rss) / (records - Math.ceil(records / 4) * 2);
  console.log(
    `  an evicted record of the second half leaves ${(left / 1024).toFixed(1)} KiB, at most ${recordBound / 1024} KiB wanted`,
  );
  return left <= recordBound && last.tensors === half.tensors;
}

console.log(`\nreplays of one record, mode ${mode}`);
const flat = [await measureReplays()];
console.log("\nrecords of two shapes in turns");
flat.push(await measureRecords((record) => 2 - (record % 2)));
console.log("\nrecords of ever other shapes");
flat.push(await measureRecords((record) => smallestBatch + records - record));
ours.dispose();
if (flat.includes(false)) {
  console.log("\nMemory is not flat.");
  process.exitCode = 1;
}
