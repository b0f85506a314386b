import { type Grid, imageGrid, Rng, randomNormal, textGrid, tokenCount, videoGrid } from "@nuwa/tensor3d";
import { expectClose, expectNoLeak, useCpu } from "@nuwa/testing";
import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, describe, expect, test } from "vitest";
import { type AttendOptions, attend, attendSequence } from "./attend.ts";
import { axial } from "./axial.ts";
import { blockSparse } from "./block-sparse.ts";
import { attentionBlocks } from "./blocks.ts";
import { attendDense } from "./dense.ts";
import { full } from "./full.ts";
import { nearby } from "./nearby.ts";
import { neighbourTable } from "./neighbour-table.ts";

beforeAll(useCpu);

const shape3 = { height: 3, width: 3, frames: 3 };
const video = videoGrid(4, 3, 3);

interface Case {
  readonly name: string;
  readonly options: AttendOptions;
}

const cases: Case[] = [
  { name: "nearby causal", options: { pattern: nearby({ extent: shape3 }), queryGrid: video, causal: true } },
  { name: "nearby", options: { pattern: nearby({ extent: shape3 }), queryGrid: video } },
  {
    name: "nearby, large frames",
    options: {
      pattern: nearby({ extent: { height: 1, width: 1, frames: 1 } }),
      queryGrid: videoGrid(4, 4, 4),
      causal: true,
    },
  },
  {
    name: "nearby shifted and scaled",
    options: {
      pattern: nearby({ extent: shape3 }, { border: "shift" }),
      queryGrid: video,
      causal: true,
      scale: 0.3,
    },
  },
  {
    name: "nearby dilated across grids",
    options: {
      pattern: nearby({ extent: shape3 }, { dilation: { height: 2 } }),
      queryGrid: video,
      keyGrid: imageGrid(6, 2),
    },
  },
  {
    name: "text cross-attention",
    options: {
      pattern: nearby({ extent: { height: 1, width: 1, frames: Infinity } }),
      queryGrid: video,
      keyGrid: textGrid(5),
    },
  },
  { name: "axial", options: { pattern: axial(), queryGrid: video, causal: true } },
  {
    name: "block-sparse",
    options: { pattern: blockSparse({ block: { height: 2, width: 3, frames: 1 } }), queryGrid: video },
  },
  { name: "full", options: { pattern: full(), queryGrid: video, causal: true } },
];

const heads = 2;
const headDim = 4;

function sequence(grid: Grid, seed: number, batch = 2): tf.Tensor4D {
  return randomNormal([batch, heads, tokenCount(grid), headDim], new Rng(seed)) as tf.Tensor4D;
}

function biasOf({ pattern, ...shape }: AttendOptions): { values: tf.Tensor2D; offsetOf: Int32Array } {
  const pairs = neighbourTable(pattern, shape).keys.length;
  return {
    values: randomNormal([heads, 5], new Rng(9)) as tf.Tensor2D,
    offsetOf: new Rng(8).integers(pairs, 5),
  };
}

test("two queries by hand", async () => {
  // Query 0 sees key 0 only; query 1 sees both, with scores ln 3 and 0.
  const query = tf.tensor4d([5, Math.log(3)], [1, 1, 2, 1]);
  const key = tf.tensor4d([1, 0], [1, 1, 2, 1]);
  const value = tf.tensor4d([4, 8], [1, 1, 2, 1]);
  const y = attend(query, key, value, { pattern: full(), queryGrid: imageGrid(1, 2), causal: true });
  await expectClose(y, { shape: [1, 1, 2, 1], data: [4, 5] }, { atol: 1e-6 });
});

describe.each(cases)("$name", ({ options }) => {
  const keyGrid = options.keyGrid ?? options.queryGrid;

  test.each([false, true])("agrees with a float64 loop, bias=%s", (biased) =>
    expectNoLeak(async () => {
      const [q, k, v] = [sequence(options.queryGrid, 1), sequence(keyGrid, 2), sequence(keyGrid, 3)];
      const bias = biased ? biasOf(options) : undefined;
      const actual = attend(q, k, v, { ...options, bias });
      const data = [q, k, v].map((x) => x.dataSync());
      const expected = loopAttention(data, options, bias && { ...bias, values: bias.values.dataSync() });
      await expectClose(actual, { shape: q.shape, data: expected }, { atol: 1e-5 });
      tf.dispose([q, k, v, actual, bias?.values ?? []]);
    }),
  );

  test.each([false, true])("its gradients agree with the dense oracle's, bias=%s", (biased) =>
    expectNoLeak(async () => {
      const [q, k, v] = [sequence(options.queryGrid, 1), sequence(keyGrid, 2), sequence(keyGrid, 3)];
      const weight = sequence(options.queryGrid, 4);
      const bias = biased ? biasOf(options) : undefined;
      const inputs: tf.Tensor[] = bias ? [q, k, v, bias.values] : [q, k, v];
      const gradientsOf = (f: typeof attend) =>
        tf.grads((a, b, c, values) => {
          const own = bias && { ...bias, values: values as tf.Tensor2D };
          const y = f(a as tf.Tensor4D, b as tf.Tensor4D, c as tf.Tensor4D, { ...options, bias: own });
          return tf.sum(tf.mul(y, weight));
        })(inputs);
      const actual = gradientsOf(attend);
      const expected = gradientsOf(attendDense);
      for (let index = 0; index < inputs.length; index++) {
        await expectClose(actual[index], expected[index], { atol: 2e-5, rtol: 1e-5 });
      }
      tf.dispose([inputs, weight, actual, expected]);
    }),
  );
});

test("gradients agree with finite differences of the float64 loop", async () => {
  const options: AttendOptions = {
    pattern: nearby({ extent: shape3 }),
    queryGrid: videoGrid(2, 3, 2),
    causal: true,
  };
  const inputs = [1, 2, 3].map((seed) => sequence(options.queryGrid, seed, 1));
  const bias = biasOf(options);
  const weight = sequence(options.queryGrid, 4, 1);
  const gradients = tf.grads((a, b, c, values) => {
    const own = { ...bias, values: values as tf.Tensor2D };
    const y = attend(a as tf.Tensor4D, b as tf.Tensor4D, c as tf.Tensor4D, { ...options, bias: own });
    return tf.sum(tf.mul(y, weight));
  })([...inputs, bias.values]);
  const weights = await weight.data();
  const data = [...inputs, bias.values].map((x) => Float64Array.from(x.dataSync()));
  const loss = () => {
    const y = loopAttention(data.slice(0, 3), options, { ...bias, values: data[3] });
    return y.reduce((sum, value, index) => sum + value * weights[index], 0);
  };
  for (const [input, gradient] of gradients.entries()) {
    const expected = data[input].map((value, index) => {
      const ends = [1e-5, -1e-5].map((step) => {
        data[input][index] = value + step;
        return loss();
      });
      data[input][index] = value;
      return (ends[0] - ends[1]) / 2e-5;
    });
    await expectClose(gradient, { shape: gradient.shape, data: expected }, { atol: 1e-5 });
  }
});

test("a nearby pattern over many frames is cut into blocks, and stays exact", () =>
  expectNoLeak(async () => {
    const options: AttendOptions = {
      pattern: nearby({ extent: shape3 }),
      queryGrid: videoGrid(6, 6, 6),
      causal: true,
    };
    expect(attentionBlocks(options.pattern, options).count).toBeGreaterThan(1);
    const [q, k, v] = [1, 2, 3].map((seed) => sequence(options.queryGrid, seed, 1));
    const actual = attend(q, k, v, options);
    const expected = attendDense(q, k, v, options);
    await expectClose(actual, expected, { atol: 1e-5 });
    tf.dispose([q, k, v, actual, expected]);
  }));

test("tensors that do not fit the grids are refused", () => {
  const q = tf.zeros([1, 1, 4, 2]) as tf.Tensor4D;
  const options = { pattern: full(), queryGrid: imageGrid(2, 3) };
  expect(() => attend(q, q, q, options)).toThrow("attend query: wanted the shape [batch, heads, 6, headDim]");
  expect(() =>
    attend(q, q, q, { pattern: full(), queryGrid: imageGrid(2, 2), keyGrid: textGrid(3) }),
  ).toThrow("attend key");
  const bias = { values: tf.zeros([1, 3]) as tf.Tensor2D, offsetOf: new Int32Array(5) };
  expect(() => attend(q, q, q, { pattern: full(), queryGrid: imageGrid(2, 2), bias })).toThrow(
    "one entry per pair of the neighbour table, 16, got 5",
  );
  const whole = tf.zeros([1, 1, 4, 2], "int32") as tf.Tensor4D;
  expect(() => attend(q, whole, q, { pattern: full(), queryGrid: imageGrid(2, 2) })).toThrow(
    "attend key: wanted float32, got int32",
  );
  const sequence = tf.zeros([1, 4, 6]) as tf.Tensor3D;
  const sequenceOptions = { pattern: full(), queryGrid: imageGrid(2, 2), heads: 4 };
  expect(() => attendSequence(sequence, sequence, sequence, sequenceOptions)).toThrow(
    "heads must divide the 6 features, got 4 heads",
  );
});

/** softmax(scale q k^T + bias) v pair by pair, in double precision. Always two heads of four. */
function loopAttention(
  [q, k, v]: ArrayLike<number>[],
  { pattern, scale = headDim ** -0.5, ...shape }: AttendOptions,
  bias?: { values: ArrayLike<number>; offsetOf: Int32Array },
): Float64Array {
  const { offsets, keys } = neighbourTable(pattern, shape);
  const n = offsets.length - 1;
  const m = tokenCount(shape.keyGrid ?? shape.queryGrid);
  const y = new Float64Array(q.length);
  for (let group = 0; group < q.length / (n * headDim); group++) {
    for (let query = 0; query < n; query++) {
      const row = (group * n + query) * headDim;
      const pairs: { key: number; weight: number }[] = [];
      for (let entry = offsets[query]; entry < offsets[query + 1]; entry++) {
        const key = (group * m + keys[entry]) * headDim;
        let score = 0;
        for (let c = 0; c < headDim; c++) score += q[row + c] * k[key + c] * scale;
        if (bias) score += bias.values[((group % heads) * bias.values.length) / heads + bias.offsetOf[entry]];
        pairs.push({ key, weight: Math.exp(score) });
      }
      const total = pairs.reduce((sum, { weight }) => sum + weight, 0);
      for (const { key, weight } of pairs) {
        for (let c = 0; c < headDim; c++) y[row + c] += (weight / total) * v[key + c];
      }
    }
  }
  return y;
}
