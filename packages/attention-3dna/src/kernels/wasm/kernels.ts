import * as tf from "@tensorflow/tfjs-core";
import type { NeighbourTable } from "../../neighbour-table.ts";
import type { FusedKernels } from "../kernel.ts";
import { layoutOf, type RowLayout } from "../layout.ts";
import { transposedTable } from "../transpose.ts";
import { Call } from "./call.ts";
import { kernelRuntime } from "./prepare.ts";
import type { Job } from "./runtime.ts";
import { forwardSteps, gradientSteps } from "./steps.ts";

// The backward pass keeps two numbers a pair for as many heads at once as fit into this many bytes.
const EDGE_BYTES = 64 * 2 ** 20;

/** The kernel in WebAssembly for backends whose values the CPU can read. */
export const cpuKernels: FusedKernels = {
  forward(backend, inputs, attributes) {
    const runtime = kernelRuntime();
    runtime.releaseUnused();
    const { query, key, value } = inputs;
    const places = runtime.kept.take([query, key, value].map(({ shape }) => tf.util.sizeFromShape(shape)));
    const { table, heads } = attributes;
    const layout = layoutOf(query, heads);
    const kept = whatIsKept(layout, table);
    const savedShape = [layout.batch, heads, kept === "weights" ? table.keys.length : layout.tokens * 2];
    const shapes = [query.shape, savedShape];
    const call = new Call(runtime, backend, inputs, attributes, { results: shapes, places });
    const [y, saved] = call.results;
    const job = { y: y.address, ...keptPlace(kept, saved.address) };
    const { groups, sliceGroups } = call;
    call.compute(job, forwardSteps(groups, sliceGroups), sliceGroups, { forward: [y, saved] });
    const results = [y.tensor(), saved.tensor()];
    if (places) runtime.kept.keep(places, results[1], backend);
    return results;
  },

  gradient(backend, inputs, attributes) {
    const runtime = kernelRuntime();
    runtime.releaseUnused();
    const { query, key, value, bias, saved, dy } = inputs;
    const places = runtime.kept.find(saved!);
    const call = new Call(runtime, backend, inputs, attributes, {
      results: [query.shape, key.shape, value.shape],
      places,
      loaded: places !== undefined,
    });
    const { table, heads } = attributes;
    const [dq, dk, dv] = call.results;
    const offsets = bias?.shape[1] ?? 0;
    const biasGradient = call.zeros(call.threads * heads * offsets);
    const transpose = transposedTable(table, call.key.tokens);
    const { wave, span } = wavesOf(call, table);
    const job = {
      y: call.input(dy),
      ...keptPlace(whatIsKept(call.query, table), call.input(saved!)),
      queryGradient: dq.address,
      keyGradient: dk.address,
      valueGradient: dv.address,
      biasGradient: biasGradient.address,
      transposedOffsets: call.list(transpose.offsets),
      queries: call.list(transpose.queries),
      entries: call.list(transpose.entries),
      edges: call.space.reserve(wave * table.keys.length * 2).address,
      edgeGroups: wave,
    };
    const steps = gradientSteps(call.groups, span, wave);
    call.compute(job, steps, span, { queryGradient: [dq], keyGradient: [dk, dv] });
    const gradients = [dq, dk, dv].map((gradient) => gradient.tensor());
    if (bias) {
      const sums = sumOfThreads(call.space.floats(biasGradient), heads * offsets);
      gradients.push(call.result(bias.shape, sums));
    }
    return gradients;
  },
};

/**
 * What the forward pass keeps for the backward pass: the weights, unless they are more than the query's numbers; then
 * two numbers a query, by which the weights are computed again.
 */
function whatIsKept({ tokens, headDim }: RowLayout, { keys }: NeighbourTable): "weights" | "statistics" {
  return keys.length <= tokens * headDim ? "weights" : "statistics";
}

function keptPlace(kept: "weights" | "statistics", address: number): Job {
  return { weights: 0, [kept]: address };
}

/** How many groups keep their edges at once, and how many of them a step takes. */
function wavesOf({ groups, sliceGroups }: Call, { keys }: NeighbourTable): { wave: number; span: number } {
  const fitting = Math.min(groups, Math.floor(EDGE_BYTES / (keys.length * 8)));
  if (fitting < sliceGroups) return { wave: Math.max(1, fitting), span: 1 };
  return { wave: fitting - (fitting % sliceGroups), span: sliceGroups };
}

/** `[threads, size]` -> `[size]`. */
function sumOfThreads(parts: Float32Array, size: number): Float32Array {
  const sums = parts.slice(0, size);
  for (let place = size; place < parts.length; place++) sums[place % size] += parts[place];
  return sums;
}
