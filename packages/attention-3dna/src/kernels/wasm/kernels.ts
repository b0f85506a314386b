import type * as tf from "@tensorflow/tfjs-core";
import type { NeighbourTable } from "../../neighbour-table.ts";
import type { AttentionAttributes, AttentionInputs, FusedKernels } from "../kernel.ts";
import { layoutOf, type RowLayout } from "../layout.ts";
import { transposedTable } from "../transpose.ts";
import { type Host, hostOf } from "./host.ts";
import { kernelRuntime } from "./prepare.ts";
import type { Job, KernelRuntime } from "./runtime.ts";
import type { Region, Workspace } from "./workspace.ts";

// The backward pass keeps two numbers a pair for as many heads at once as fit into this many bytes.
const EDGE_BYTES = 64 * 2 ** 20;

/** The kernel in WebAssembly for backends whose values the CPU can read. */
export const cpuKernels: FusedKernels = {
  forward(backend, inputs, attributes) {
    const call = openCall(backend, inputs, attributes);
    const { space, query, host } = call;
    const y = space.reserve(sizeOf(inputs.query));
    const statistics = space.reserve(query.batch * query.heads * query.tokens * 2);
    space.commit();
    call.load();
    call.runtime.run("forward", { ...call.job(), y: y.address, statistics: statistics.address });
    return [
      host.write(inputs.query.shape, space.floats(y)),
      host.write([query.batch, query.heads, query.tokens, 2], space.floats(statistics)),
    ];
  },

  gradient(backend, inputs, attributes) {
    const call = openCall(backend, inputs, attributes);
    const { space, query, key, runtime, host } = call;
    const { table, heads } = attributes;
    const dy = space.reserve(sizeOf(inputs.query));
    const statistics = space.reserve(query.batch * query.heads * query.tokens * 2);
    const gradients = [inputs.query, inputs.key, inputs.value].map((x) => space.reserve(sizeOf(x)));
    const offsets = inputs.bias?.shape[1] ?? 0;
    const biasGradient = space.reserve(runtime.threads * heads * offsets);
    const transpose = transposedTable(table, key.tokens);
    const lists = [transpose.offsets, transpose.queries, transpose.entries];
    const regions = lists.map((list) => space.reserve(list.length));
    const waves = wavesOf(query, table, call.span);
    const edges = space.reserve(waves.groups * table.keys.length * 2);
    space.commit();
    call.load();
    host.read(inputs.dy, space.floats(dy));
    host.read(inputs.saved!, space.floats(statistics));
    regions.forEach((region, index) => {
      space.ints(region).set(lists[index]);
    });
    space.floats(biasGradient).fill(0);
    const job: Job = {
      ...call.job(),
      span: waves.span,
      y: dy.address,
      statistics: statistics.address,
      queryGradient: gradients[0].address,
      keyGradient: gradients[1].address,
      valueGradient: gradients[2].address,
      biasGradient: biasGradient.address,
      transposedOffsets: regions[0].address,
      queries: regions[1].address,
      entries: regions[2].address,
      edges: edges.address,
    };
    const groups = query.batch * heads;
    for (let first = 0; first < groups; first += waves.groups) {
      const wave = { ...job, firstGroup: first, groups: Math.min(waves.groups, groups - first) };
      runtime.run("queryGradient", wave);
      runtime.run("keyGradient", wave);
    }
    const results = [inputs.query, inputs.key, inputs.value].map(({ shape }, index) =>
      host.write(shape, space.floats(gradients[index])),
    );
    if (inputs.bias) {
      const sums = sumOfThreads(space.floats(biasGradient), heads * offsets);
      results.push(host.write(inputs.bias.shape, sums));
    }
    return results;
  },
};

/** What both directions share: room for the inputs and the table, and the fields of the job that describe them. */
interface Call {
  readonly runtime: KernelRuntime;
  readonly space: Workspace;
  readonly host: Host;
  readonly query: RowLayout;
  readonly key: RowLayout;
  readonly span: number;
  /** Copies the inputs in; after `commit`. */
  load(): void;
  job(): Job;
}

function openCall(backend: tf.KernelBackend, inputs: AttentionInputs, attributes: AttentionAttributes): Call {
  const { table, heads, scale, offsetOf } = attributes;
  const runtime = kernelRuntime();
  const space = runtime.workspace();
  const host = hostOf(backend);
  const query = layoutOf(inputs.query, heads);
  const key = layoutOf(inputs.key, heads);
  // Where the heads of a token lie side by side, a thread takes them in turn: whole rows stay in its cache.
  const span = query.headStride < query.tokenStride ? heads : 1;
  const tensors = [inputs.query, inputs.key, inputs.value, ...(inputs.bias ? [inputs.bias] : [])];
  const places = tensors.map((tensor) => space.reserve(sizeOf(tensor)));
  const lists = [table.offsets, table.keys, ...(offsetOf ? [offsetOf] : [])];
  const listPlaces = lists.map((list) => space.reserve(list.length));
  const rowLength = Math.ceil(longestRow(table) / 4) * 4;
  const rows = space.reserve(runtime.threads * 2 * rowLength);
  return {
    runtime,
    space,
    host,
    query,
    key,
    span,
    load() {
      tensors.forEach((tensor, index) => {
        host.read(tensor, space.floats(places[index]));
      });
      lists.forEach((list, index) => {
        space.ints(listPlaces[index]).set(list);
      });
    },
    job: () => ({
      firstGroup: 0,
      groups: query.batch * heads,
      span,
      heads,
      queryCount: query.tokens,
      keyCount: key.tokens,
      headDim: query.headDim,
      scale,
      biasOffsets: inputs.bias?.shape[1] ?? 0,
      pairs: table.keys.length,
      ...stridesOf("query", query),
      ...stridesOf("key", key),
      query: places[0].address,
      key: places[1].address,
      value: places[2].address,
      bias: addressOf(places[3]),
      offsets: listPlaces[0].address,
      keys: listPlaces[1].address,
      offsetOf: addressOf(listPlaces[2]),
      rows: rows.address,
      rowBytes: rowLength * 4,
    }),
  };
}

/** How many heads of samples the backward pass takes at once, and how many of them side by side. */
function wavesOf({ batch, heads }: RowLayout, { keys }: NeighbourTable, span: number) {
  const fitting = Math.min(batch * heads, Math.floor(EDGE_BYTES / (keys.length * 8)));
  if (fitting < span) return { groups: Math.max(1, fitting), span: 1 };
  return { groups: fitting - (fitting % span), span };
}

function stridesOf(name: "query" | "key", { batchStride, headStride, tokenStride }: RowLayout): Job {
  return {
    [`${name}BatchStride`]: batchStride * 4,
    [`${name}HeadStride`]: headStride * 4,
    [`${name}TokenStride`]: tokenStride * 4,
  };
}

const addressOf = (region: Region | undefined): number => region?.address ?? 0;

const sizeOf = ({ shape }: tf.TensorInfo): number => shape.reduce((product, size) => product * size, 1);

function longestRow({ offsets }: NeighbourTable): number {
  let longest = 0;
  for (let row = 1; row < offsets.length; row++) {
    longest = Math.max(longest, offsets[row] - offsets[row - 1]);
  }
  return longest;
}

/** `[threads, size]` -> `[size]`. */
function sumOfThreads(parts: Float32Array, size: number): Float32Array {
  const sums = parts.slice(0, size);
  for (let place = size; place < parts.length; place++) sums[place % size] += parts[place];
  return sums;
}
