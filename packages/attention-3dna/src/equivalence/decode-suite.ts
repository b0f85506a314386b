import { Rng, randomNormal, tokenCount } from "@nuwa/tensor3d";
import * as tf from "@tensorflow/tfjs-core";
import { attendSequence } from "../attend.ts";
import type { AttentionBias } from "../attend-table.ts";
import { CachePlan } from "../decode/cache-plan.ts";
import { createCache } from "../decode/key-value-cache.ts";
import { selectRows } from "../decode/select-rows.ts";
import { neighbourTable } from "../neighbour-table.ts";
import { type RandomCase, randomCase } from "./random-case.ts";
import { TOLERANCE } from "./suite.ts";

/**
 * Compares decoding against caches on the current backend, with steps of random positions, with `attendSequence` over
 * random cases: self-attention where a case is causal, else attention to a memory. Counts tensors, too.
 *
 * @returns a line for each case that is wrong, with its seed
 */
export async function decodeFailures(cases: number): Promise<string[]> {
  const failures: string[] = [];
  for (let seed = 1; seed <= cases; seed++) {
    const drawn = randomCase(new Rng(seed).fork("case"));
    const before = tf.memory().numTensors;
    const error = await largestError(drawn, new Rng(seed).fork("decode"));
    const left = tf.memory().numTensors - before;
    if (!(error <= TOLERANCE) || left !== 0)
      failures.push(`seed ${seed}: off by ${error}, ${left} tensors left behind (${drawn.name})`);
  }
  return failures;
}

async function largestError(drawn: RandomCase, rng: Rng): Promise<number> {
  const { options, batch, heads, headDim, biasOffsets, spread } = drawn;
  const { queryGrid, keyGrid = queryGrid } = options;
  const [queryCount, keyCount] = [tokenCount(queryGrid), tokenCount(keyGrid)];
  const table = neighbourTable(options.pattern, options);
  const draw = (name: string, tokens: number) =>
    randomNormal([batch, tokens, heads * headDim], rng.fork(name), { std: spread }) as tf.Tensor3D;
  const [query, key, value] = [draw("query", queryCount), draw("key", keyCount), draw("value", keyCount)];
  const bias: AttentionBias | undefined =
    biasOffsets === 0
      ? undefined
      : {
          values: randomNormal([heads, biasOffsets], rng.fork("bias")) as tf.Tensor2D,
          offsetOf: rng.fork("offsets").integers(table.keys.length, biasOffsets),
        };
  const { scale = headDim ** -0.5 } = options;
  const steps = randomSteps(queryCount, rng.fork("steps"));
  const plan = options.causal ? new CachePlan(table, steps) : undefined;
  const cache = createCache({ rows: batch, slots: plan?.slots ?? keyCount, heads, headDim });
  if (!plan) cache.fill(key, value);
  const results = steps.map((positions) =>
    tf.tidy(() => {
      const rowsOf = (x: tf.Tensor3D) => tf.gather(x, tf.tensor1d(positions, "int32"), 1);
      if (!plan) return cache.attend(rowsOf(query), selectRows(table, positions), { scale, bias });
      const projected = tf.concat([query, key, value].map(rowsOf), 2);
      return cache.step(projected, plan.advance(), { scale, bias });
    }),
  );
  cache.dispose();
  const error = tf.tidy(() => {
    const order = tf.tensor1d(
      steps.flatMap((positions) => [...positions]),
      "int32",
    );
    const expected = tf.gather(attendSequence(query, key, value, { ...options, heads, bias }), order, 1);
    const largest = tf.maximum(tf.max(tf.abs(expected)), 1);
    return tf.div(tf.max(tf.abs(tf.sub(tf.concat(results, 1), expected))), largest);
  });
  const [number] = await error.data();
  tf.dispose([query, key, value, results, error, ...(bias ? [bias.values] : [])]);
  return number;
}

/** All positions in raster order, cut into steps of one to seven, each in a random order. */
function randomSteps(count: number, rng: Rng): Int32Array[] {
  const steps: Int32Array[] = [];
  for (let first = 0; first < count; ) {
    const size = Math.min(1 + rng.integers(1, 7)[0], count - first);
    const start = first;
    steps.push(rng.permutation(size).map((place) => start + place));
    first += size;
  }
  return steps;
}
