import { Rng, randomNormal, videoGrid } from "@nuwa/tensor3d";
import { expectClose, expectNoLeak, useCpu } from "@nuwa/testing";
import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, expect, test } from "vitest";
import { Attention3D, attend, CachePlan, nearby, neighbourTable, pairCount } from "./index.ts";

beforeAll(useCpu);

test("the README's example", () =>
  expectNoLeak(async () => {
    const grid = videoGrid(8, 8, 4);
    const pattern = nearby({ extent: { height: 3, width: 3, frames: 3 } });
    const q = randomNormal([2, 4, 256, 32], new Rng(1)) as tf.Tensor4D;
    const y = attend(q, q, q, { pattern, queryGrid: grid, causal: true });
    expect(y.shape).toEqual([2, 4, 256, 32]);
    const attention = new Attention3D({ dim: 128, heads: 4 }, new Rng(2));
    const x = randomNormal([2, 256, 128], new Rng(3));
    const z = attention.apply(x, { pattern, queryGrid: grid, causal: true });
    expect(z.shape).toEqual([2, 256, 128]);
    const { offsets, keys } = neighbourTable(pattern, { queryGrid: grid, causal: true });
    expect([...keys.subarray(offsets[9], offsets[10])]).toEqual([0, 1, 2, 8, 9]);
    expect(pairCount(pattern, { queryGrid: grid, causal: true })).toBe(2548);

    const steps = [Int32Array.of(0), Int32Array.of(1, 2)];
    const plan = new CachePlan(neighbourTable(pattern, { queryGrid: grid, causal: true }), steps);
    const cache = attention.cache({ rows: 2, slots: plan.slots });
    const rows = tf.slice(x, [0, 0, 0], [2, 1, 128]);
    const first = attention.step(rows, cache, plan.advance());
    const expected = tf.slice(z, [0, 0, 0], [2, 1, 128]);
    await expectClose(first, expected, { atol: 1e-5 });
    cache.dispose();
    tf.dispose([q, y, x, z, rows, first, expected]);
    attention.dispose();
  }));
