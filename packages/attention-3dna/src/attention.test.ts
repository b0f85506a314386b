import { imageGrid, namedParams, Rng, randomNormal, textGrid, videoGrid } from "@nuwa/tensor3d";
import { expectClose, expectNoLeak, useCpu } from "@nuwa/testing";
import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, expect, test, vi } from "vitest";
import { Attention3D } from "./attention.ts";
import { CachePlan } from "./decode/cache-plan.ts";
import { selectRows } from "./decode/select-rows.ts";
import { kernelMemory } from "./kernels/wasm/prepare.ts";
import { nearby } from "./nearby.ts";
import { neighbourTable } from "./neighbour-table.ts";
import { rotaryTable } from "./rotary.ts";

beforeAll(useCpu);

const grid = videoGrid(2, 3, 2);
const pattern = nearby({ extent: { height: 3, width: 3, frames: 3 } });

test("params carry the names of checkpoints", () =>
  expectNoLeak(() => {
    const attention = new Attention3D({ dim: 8, heads: 2, headDim: 3, contextDim: 5 }, new Rng(1));
    const shapes = Object.entries(namedParams(attention)).map(([name, { shape }]) => `${name} ${shape}`);
    expect(shapes).toEqual([
      "query.weight 8,6",
      "key.weight 5,6",
      "value.weight 5,6",
      "output.weight 6,8",
      "output.bias 8",
    ]);
    attention.dispose();
  }));

test("one head by hand: uniform weights average the values", () =>
  expectNoLeak(async () => {
    const attention = new Attention3D({ dim: 1, heads: 1 }, new Rng(1));
    const set = (name: string, value: number) => {
      const variable = namedParams(attention)[name];
      tf.tidy(() => variable.assign(tf.fill(variable.shape, value)));
    };
    set("query.weight", 0);
    set("value.weight", 2);
    set("output.weight", 3);
    set("output.bias", 1);
    const x = tf.tensor3d([1, 2, 6], [1, 3, 1]);
    const y = attention.apply(x, { pattern, queryGrid: imageGrid(1, 3), causal: true });
    // Means over (1), (1, 2), (2, 6), times 2 * 3, plus 1.
    await expectClose(y, { shape: [1, 3, 1], data: [7, 10, 25] }, { atol: 1e-5 });
    tf.dispose([x, y]);
    attention.dispose();
  }));

test("steps over a cache equal apply, with a bias and rotary positions, and the cache forgets", () =>
  expectNoLeak(async () => {
    const video = videoGrid(2, 3, 5);
    const attention = new Attention3D({ dim: 8, heads: 2, headDim: 6 }, new Rng(1));
    const rotary = rotaryTable(video, 6);
    const x = randomNormal([2, 30, 8], new Rng(2)) as tf.Tensor3D;
    const table = neighbourTable(pattern, { queryGrid: video, causal: true });
    const bias = {
      values: randomNormal([2, 4], new Rng(3)) as tf.Tensor2D,
      offsetOf: new Rng(4).integers(table.keys.length, 4),
    };
    const expected = attention.apply(x, { pattern, queryGrid: video, causal: true, bias, rotary });
    const plain = attention.apply(x, { pattern, queryGrid: video, causal: true, bias });
    await expect(expectClose(plain, expected, { atol: 1e-3 })).rejects.toThrow();
    const steps = Array.from({ length: 10 }, (_, step) =>
      Int32Array.of(3 * step + 2, 3 * step, 3 * step + 1),
    );
    const plan = new CachePlan(table, steps);
    const cache = attention.cache({ rows: 2, slots: plan.slots });
    expect(plan.slots).toBeLessThan(30);
    for (const positions of steps) {
      const indices = tf.tensor1d(positions, "int32");
      const rows = tf.gather(x, indices, 1);
      const turns = { cos: tf.gather(rotary.cos, indices), sin: tf.gather(rotary.sin, indices) };
      const actual = attention.step(rows, cache, plan.advance(), bias, turns);
      const wanted = tf.gather(expected, indices, 1);
      await expectClose(actual, wanted, { atol: 1e-5 });
      tf.dispose([indices, rows, actual, wanted, { ...turns }]);
    }
    cache.dispose();
    tf.dispose([x, expected, plain, bias.values, { ...rotary }]);
    attention.dispose();
  }));

test("positions that recall a context equal apply's cross-attention", () =>
  expectNoLeak(async () => {
    const attention = new Attention3D({ dim: 8, heads: 2, contextDim: 5 }, new Rng(1));
    const x = randomNormal([2, 12, 8], new Rng(2)) as tf.Tensor3D;
    const context = randomNormal([2, 4, 5], new Rng(3)) as tf.Tensor3D;
    const shape = { queryGrid: grid, keyGrid: textGrid(4) };
    const expected = attention.apply(x, { ...shape, pattern, context });
    const memory = attention.memory(context);
    const actual = tf.tidy(() => {
      const half = (start: number) => {
        const queries = Array.from({ length: 6 }, (_, index) => start + index);
        const rows = selectRows(neighbourTable(pattern, shape), queries);
        return attention.recall(tf.slice(x, [0, start, 0], [2, 6, 8]), memory, rows);
      };
      return tf.concat([half(0), half(6)], 1);
    });
    await expectClose(actual, expected, { atol: 1e-5 });
    memory.dispose();
    tf.dispose([x, context, expected, actual]);
    attention.dispose();
  }));

test("sizes that do not fit are refused", () => {
  expect(() => new Attention3D({ dim: 8, heads: 3 }, new Rng(1))).toThrow("dim must be a multiple of heads");
  const attention = new Attention3D({ dim: 8, heads: 2 }, new Rng(1));
  const x = tf.zeros([1, 12, 6]);
  expect(() => attention.apply(x, { pattern, queryGrid: grid })).toThrow(
    "Attention3D x: wanted the shape [b, n, 8]",
  );
});

test("a memory that cannot be filled leaves nothing behind", () =>
  expectNoLeak(() => {
    const attention = new Attention3D({ dim: 4, heads: 2 }, new Rng(1));
    const context = randomNormal([1, 5, 4], new Rng(2));
    vi.spyOn(attention.value, "apply").mockImplementation(() => {
      throw new Error("no room");
    });
    const before = kernelMemory();
    expect(() => attention.memory(context)).toThrow("no room");
    expect(kernelMemory().kept).toBe(before.kept);
    context.dispose();
    attention.dispose();
  }));
