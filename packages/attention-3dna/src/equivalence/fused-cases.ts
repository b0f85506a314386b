import { imageGrid, Rng, textGrid, tokenCount, videoGrid } from "@nuwa/tensor3d";
import * as tf from "@tensorflow/tfjs-core";
import { expect } from "vitest";
import { axial } from "../axial.ts";
import { blockSparse } from "../block-sparse.ts";
import { full } from "../full.ts";
import type { FusedKernels } from "../kernels/kernel.ts";
import { nearby } from "../nearby.ts";
import { neighbourTable } from "../neighbour-table.ts";
import type { AttentionPattern, AttentionShape } from "../pattern.ts";
import { merged, unmerged } from "./merge.ts";
import { oracleAttention } from "./oracle.ts";

export interface Case {
  readonly pattern: AttentionPattern;
  readonly shape: AttentionShape;
  readonly headDim: number;
  readonly batch?: number;
  readonly heads?: number;
  /** `[batch, tokens, heads * headDim]` instead of `[batch, heads, tokens, headDim]`. */
  readonly flat?: boolean;
  readonly columns?: number;
  readonly scale?: number;
}

export interface Run {
  readonly names: string[];
  readonly actual: Float32Array[];
  readonly expected: Float64Array[];
}

const unit = { height: 1, width: 1, frames: 1 };
const cube = { height: 3, width: 3, frames: 3 };
const video = videoGrid(3, 5, 3);
export const patterns: readonly (readonly [AttentionPattern, AttentionShape])[] = [
  [nearby({ extent: cube }), { queryGrid: video, causal: true }],
  [nearby({ extent: cube }, { border: "shift" }), { queryGrid: video }],
  [nearby({ extent: cube }, { dilation: { width: 2 } }), { queryGrid: video, causal: true }],
  [nearby({ extent: cube }), { queryGrid: video, keyGrid: imageGrid(6, 2) }],
  [nearby({ extent: unit }), { queryGrid: textGrid(4), keyGrid: textGrid(11) }], // keys without a query
  [axial(), { queryGrid: video, causal: true }],
  [blockSparse({ block: { height: 2, width: 3, frames: 1 } }), { queryGrid: video }],
  [full(), { queryGrid: videoGrid(4, 4, 3), keyGrid: textGrid(77) }],
];
const headDims = [1, 3, 5, 20, 33, 64, 80, 128];

/** A few dozen: every pattern meets several head dims, in both layouts, with and without a bias. */
export const cases: Case[] = Array.from({ length: 40 }, (_, index) => {
  const round = Math.floor(index / 8);
  const [pattern, shape] = patterns[index % 8];
  const headDim = headDims[(index + 3 * round) % 8];
  const columns = Math.floor(index / 2) % 2 === 0 ? 5 + (index % 7) : undefined;
  const flat = Math.floor(index / 4 + round) % 2 === 1;
  return { pattern, shape, headDim, columns, flat, batch: 1 + (index % 3), heads: 1 + (round % 3) };
});

export const nameOf = ({ pattern, headDim, batch, heads, flat, columns }: Case) =>
  `${pattern.name}, head dim ${headDim}, ${heads} heads${flat ? " in the features" : ""}, batch ${batch}, ${columns ?? "no"} columns`;

/** The result and all gradients of a seeded case, by fused kernels on the current backend and by the oracle. */
export async function runCase(
  kernels: FusedKernels,
  { pattern, shape, headDim, batch = 1, heads = 1, flat = false, columns, scale = headDim ** -0.5 }: Case,
  seed: number,
): Promise<Run> {
  const rng = new Rng(seed);
  const table = neighbourTable(pattern, shape);
  const keyCount = tokenCount(shape.keyGrid ?? shape.queryGrid);
  const rows = (tokens: number) => rng.normal(batch * heads * tokens * headDim);
  const [query, dy] = [rows(table.offsets.length - 1), rows(table.offsets.length - 1)];
  const [key, value] = [rows(keyCount), rows(keyCount)];
  const bias = columns ? rng.normal(heads * columns) : undefined;
  const offsetOf = columns ? rng.integers(table.keys.length, columns) : undefined;

  const upload = (values: Float32Array) => {
    const tokens = values.length / (batch * heads * headDim);
    return flat
      ? tf.tensor(merged(values, batch, heads, tokens, headDim), [batch, tokens, heads * headDim])
      : tf.tensor(values, [batch, heads, tokens, headDim]);
  };
  const tensors = {
    ...{ query: upload(query), key: upload(key), value: upload(value), dy: upload(dy) },
    ...(bias && { bias: tf.tensor(bias, [heads, columns!]) }),
  };
  const backend = tf.backend() as tf.KernelBackend;
  const attributes = { table, heads, scale, offsetOf };
  const results = [
    ...kernels.forward(backend, tensors, attributes).slice(0, 1),
    ...kernels.gradient(backend, tensors, attributes),
  ].map((info) => tf.engine().makeTensorFromTensorInfo(info));
  const shapes = [
    tensors.query,
    tensors.query,
    tensors.key,
    tensors.value,
    ...(tensors.bias ? [tensors.bias] : []),
  ];
  expect(results.map((result) => result.shape)).toEqual(shapes.map((tensor) => tensor.shape));
  const values = (await Promise.all(results.map((result) => result.data()))) as Float32Array[];
  const actual = values.map((each, index) =>
    flat && results[index].rank === 3 ? unmerged(each, results[index].shape, heads) : each,
  );
  tf.dispose([results, Object.values(tensors)]);

  const double = (numbers: Float32Array) => Float64Array.from(numbers);
  const { y, dQuery, dKey, dValue, dBias } = oracleAttention(
    {
      ...{ query: double(query), key: double(key), value: double(value), dy: double(dy) },
      bias: bias && double(bias),
    },
    { table, batch, heads, headDim, keyCount, scale, offsetOf },
  );
  const expected = { y, dQuery, dKey, dValue, ...(bias && { dBias }) };
  return { names: Object.keys(expected), actual, expected: Object.values(expected) };
}

/** Largest error over the largest value of the tensor, for each result. */
export function expectAgreement({ names, actual, expected }: Run, tolerance: number): void {
  expect(actual).toHaveLength(expected.length);
  expected.forEach((wanted, index) => {
    const largest = wanted.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    const error = wanted.reduce(
      (most, value, place) => Math.max(most, Math.abs(actual[index][place] - value)),
      0,
    );
    expect(error, names[index]).toBeLessThanOrEqual(tolerance * largest);
  });
}
