import { Rng, tokenCount } from "@nuwa/tensor3d";
import * as tf from "@tensorflow/tfjs-core";
import { attend, attendSequence } from "../attend.ts";
import type { AttentionBias } from "../attend-table.ts";
import { axial } from "../axial.ts";
import { attendDense } from "../dense.ts";
import { neighbourTable } from "../neighbour-table.ts";
import { merged, unmerged } from "./merge.ts";
import { type OracleResults, oracleAttention } from "./oracle.ts";
import { type RandomCase, randomCase } from "./random-case.ts";

/** Errors above this fail, relative to the largest expected value, or to 1 where that is smaller. */
export const TOLERANCE = 1e-5;

export interface EquivalenceOptions {
  readonly cases: number;
  /** Of the first case; each further one has the next. */
  readonly seed?: number;
  /** Also the dense reference, for the cases without sequences. */
  readonly dense?: boolean;
}

/**
 * Compares `attend` and `attendSequence` on the current backend, results and all gradients, with the oracle in double
 * precision over random cases. Counts tensors, too.
 *
 * @returns a line for each case that is wrong, with its seed
 */
export async function equivalenceFailures({
  cases,
  seed = 1,
  dense = false,
}: EquivalenceOptions): Promise<string[]> {
  const failures: string[] = [];
  for (let own = seed; own < seed + cases; own++) {
    const drawn = randomCase(new Rng(own).fork("case"));
    const functions = dense && !drawn.sequence ? { attend, attendDense } : { attend };
    for (const [name, run] of Object.entries(functions)) {
      const before = tf.memory().numTensors;
      const errors = await errorsOf(drawn, new Rng(own).fork("values"), run);
      const left = tf.memory().numTensors - before;
      if (left !== 0) errors.push(`${left} tensors left behind`);
      if (errors.length > 0) failures.push(`seed ${own}, ${name}: ${errors.join(", ")} (${drawn.name})`);
    }
  }
  return failures;
}

async function errorsOf(drawn: RandomCase, rng: Rng, run: typeof attend): Promise<string[]> {
  const { options, batch, heads, headDim, sequence, biasOffsets, spread } = drawn;
  const table = neighbourTable(options.pattern, options);
  const queryCount = tokenCount(options.queryGrid);
  const keyCount = tokenCount(options.keyGrid ?? options.queryGrid);
  const size = (tokens: number): number => batch * heads * tokens * headDim;
  const query = rng.fork("query").normal(size(queryCount), 0, spread);
  const key = rng.fork("key").normal(size(keyCount), 0, spread);
  const value = rng.fork("value").normal(size(keyCount));
  const dy = rng.fork("dy").normal(size(queryCount));
  const bias = rng.fork("bias").normal(heads * biasOffsets);
  const offsetOf = biasOffsets > 0 ? rng.fork("offsets").integers(table.keys.length, biasOffsets) : undefined;

  const expected = oracleAttention(
    {
      query: Float64Array.from(query),
      key: Float64Array.from(key),
      value: Float64Array.from(value),
      dy: Float64Array.from(dy),
      bias: Float64Array.from(bias),
    },
    { table, batch, heads, headDim, keyCount, scale: options.scale ?? headDim ** -0.5, offsetOf },
  );

  // Everything crosses to tfjs as [batch, heads, tokens, headDim]; sequences are merged on the host.
  const upload = (values: Float32Array, tokens: number): tf.Tensor =>
    sequence
      ? tf.tensor3d(merged(values, batch, heads, tokens, headDim), [batch, tokens, heads * headDim])
      : tf.tensor4d(values, [batch, heads, tokens, headDim]);
  const inputs = [upload(query, queryCount), upload(key, keyCount), upload(value, keyCount)];
  const ownBias = offsetOf && tf.tensor2d(bias, [heads, biasOffsets]);
  if (ownBias) inputs.push(ownBias);
  const seed = upload(dy, queryCount);
  const f = (...[q, k, v, values]: tf.Tensor[]): tf.Tensor => {
    const ownOptions = { ...options, bias: biasOf(values, offsetOf) };
    if (!sequence) return run(q as tf.Tensor4D, k as tf.Tensor4D, v as tf.Tensor4D, ownOptions);
    return attendSequence(q as tf.Tensor3D, k as tf.Tensor3D, v as tf.Tensor3D, { ...ownOptions, heads });
  };
  const results = [f(...inputs), ...tf.grads(f)(inputs, seed)];
  const names = ["y", "dQuery", "dKey", "dValue", "dBias"] as const;
  const errors: string[] = [];
  for (const [index, tensor] of results.entries()) {
    const got = (await tensor.data()) as Float32Array;
    const split = sequence && tensor.rank === 3 ? unmerged(got, tensor.shape, heads) : got;
    const floor = names[index] === "dBias" ? expected.dBiasTerms : 1;
    const error = relativeError(split, expected[names[index]], Math.max(1, floor));
    if (!(error <= TOLERANCE)) errors.push(`${names[index]} off by ${error.toExponential(1)}`);
  }
  tf.dispose([inputs, seed, results]);
  return errors;
}

/** Whether scores up to 1e4 in size give the attended value of the largest, and finite gradients. */
export async function largeScoresFailures(): Promise<string[]> {
  const grid = { height: 4, width: 4, frames: 1 };
  const rng = new Rng(1);
  const draw = (name: string, spread: number) =>
    tf.tensor4d(rng.fork(name).normal(2 * 16 * 8, 0, spread), [1, 2, 16, 8]);
  const inputs = [draw("query", 40), draw("key", 40), draw("value", 1)];
  const options = { pattern: axial(), queryGrid: grid, scale: 1 };
  const f = (...[q, k, v]: tf.Tensor[]) =>
    attend(q as tf.Tensor4D, k as tf.Tensor4D, v as tf.Tensor4D, options);
  const seed = draw("dy", 1);
  const results = [f(...inputs), ...tf.grads(f)(inputs, seed)];
  const [query, key, value, dy] = (await Promise.all([...inputs, seed].map((x) => x.data()))).map((x) =>
    Float64Array.from(x),
  );
  const shape = {
    table: neighbourTable(options.pattern, options),
    batch: 1,
    heads: 2,
    headDim: 8,
    keyCount: 16,
    scale: 1,
  };
  const expected = oracleAttention({ query, key, value, dy }, shape);
  const failures: string[] = [];
  for (const [index, tensor] of results.entries()) {
    const values = await tensor.data();
    if (!values.every(Number.isFinite)) failures.push(`result ${index} is not finite`);
    // A score of 1e4 is rounded by 1e-3 in float32.
    else if (index === 0 && !(relativeError(values, expected.y, 1) < 1e-2)) failures.push("y is off");
  }
  tf.dispose([inputs, seed, results]);
  return failures;
}

function biasOf(values: tf.Tensor | undefined, offsetOf: Int32Array | undefined): AttentionBias | undefined {
  return values && offsetOf && { values: values as tf.Tensor2D, offsetOf };
}

/** The largest difference against the largest expected value, or `floor`; infinite for NaN or another length. */
export function relativeError(
  actual: ArrayLike<number>,
  expected: OracleResults["y"],
  floor: number,
): number {
  if (actual.length !== expected.length) return Number.POSITIVE_INFINITY;
  let difference = 0;
  let largest = floor;
  for (let index = 0; index < expected.length; index++) {
    const own = Math.abs(actual[index] - expected[index]);
    if (!(own <= difference)) difference = Number.isNaN(own) ? Number.POSITIVE_INFINITY : own;
    largest = Math.max(largest, Math.abs(expected[index]));
  }
  return difference / largest;
}
