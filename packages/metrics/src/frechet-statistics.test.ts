import { isNuwaError, Rng } from "@nuwa/tensor3d";
import { expectNoLeak, useCpu } from "@nuwa/testing";
import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, describe, expect, test } from "vitest";
import { expectNear } from "./fixtures/expect-near.ts";
import { golden } from "./fixtures/oracle.ts";
import { FrechetStatistics } from "./frechet-statistics.ts";

beforeAll(useCpu);

const named = (dim: number, features = "pixels") => new FrechetStatistics({ features, dim });

describe("FrechetStatistics", () => {
  test("by hand: four points on a cross", () => {
    const statistics = named(2);
    statistics.addRows([1, 5, 3, 5]); // [2, 2]
    statistics.addRows([2, 1, 2, 9]); // [2, 2]
    const { features, count, mean, covariance } = statistics.state();
    expect([features, count, [...mean]]).toEqual(["pixels", 4, [2, 5]]);
    expectNear(covariance, [2 / 3, 0, 0, 32 / 3], 1e-15);
  });

  test.each([
    ["full", 1e-14],
    ["singular", 1e-14],
    ["mixed", 1e-14],
    ["far", 1e-8], // The mean, 1e7, is exact to 2e-9 at best; a sum of squares would be off by 0.01.
  ])("agrees with numpy on %s, in batches of any size and merged", (name, tolerance) => {
    const { shape, data } = golden(`frechet.${name}.a`);
    const [count, dim] = shape;
    const [ones, whole, first, second] = [named(dim), named(dim), named(dim), named(dim)];
    for (let row = 0; row < count; row++) ones.addRows(data.subarray(row * dim, (row + 1) * dim));
    whole.addRows(data);
    first.addRows(data.subarray(0, 3 * dim));
    second.addRows(data.subarray(3 * dim, 5 * dim));
    second.addRows(data.subarray(5 * dim));
    first.merge(second);
    first.merge(named(dim)); // nothing
    expect(second.count).toBe(count - 3);
    for (const statistics of [ones, whole, first]) {
      const state = statistics.state();
      expect(state.count).toBe(count);
      expectNear(state.mean, golden(`frechet.${name}.a.mean`).data, Math.max(tolerance, 1e-14));
      expectNear(state.covariance, golden(`frechet.${name}.a.covariance`).data, tolerance);
    }
  });

  test("adds tensors, also two at once", () =>
    expectNoLeak(async () => {
      const rows = new Rng(1).normal(20);
      const [apart, together] = [named(4), named(4)];
      together.addRows(rows);
      const batches = [tf.tensor2d(rows.slice(0, 8), [2, 4]), tf.tensor2d(rows.slice(8), [3, 4])];
      const added = batches.map((batch) => apart.add(batch));
      tf.dispose(batches);
      await Promise.all(added);
      expectNear(apart.state().covariance, together.state().covariance, 1e-15);
    }));

  test("merged with itself, every sample counts twice", () => {
    const statistics = named(1);
    statistics.addRows([1, 3]);
    statistics.merge(statistics);
    const { count, mean, covariance } = statistics.state();
    expect([count, mean[0]]).toEqual([4, 2]);
    expect(covariance[0]).toBeCloseTo(4 / 3, 15);
  });

  test("goes on from its state", () => {
    const rows = new Rng(2).normal(30);
    const [whole, before] = [named(3), named(3)];
    whole.addRows(rows);
    before.addRows(rows.slice(0, 12));
    const after = FrechetStatistics.from(before.state());
    after.addRows(rows.slice(12));
    expect([after.features, after.count]).toEqual(["pixels", 10]);
    expectNear(after.state().mean, whole.state().mean, 1e-15);
    expectNear(after.state().covariance, whole.state().covariance, 1e-15);
  });
});

describe("FrechetStatistics refuses", () => {
  test("a number that is not finite, and keeps what it had", async () => {
    const statistics = named(2);
    statistics.addRows([1, 2, 3, 4]);
    const before = statistics.state();
    const batch = tf.tensor2d([0, 0, 0, Number.NaN], [2, 2]);
    await expect(statistics.add(batch)).rejects.toThrow("feature 1 of row 1 is NaN, wanted a finite number");
    expect(() => statistics.addRows([Number.POSITIVE_INFINITY, 0])).toThrow("feature 0 of row 0 is Infinity");
    expect(statistics.state()).toEqual(before);
    tf.dispose(batch);
  });

  test("other shapes", async () => {
    const batch = tf.zeros([2, 3]);
    await expect(named(2).add(batch)).rejects.toThrow("wanted the shape [n, 2], got [2, 3]");
    expect(() => named(2).addRows([1, 2, 3])).toThrow("rows of 2 numbers, at least one, got 3 numbers");
    expect(() => named(2).addRows([])).toThrow("got 0 numbers");
    tf.dispose(batch);
  });

  test("no name, no dim, too few samples, other features", () => {
    expect(() => named(2, "")).toThrow('features must be a name, got ""');
    expect(() => named(0)).toThrow("dim must be a whole number above 0, got 0");
    const statistics = named(2);
    expect(() => statistics.state()).toThrow('"pixels": wanted at least two samples, got 0');
    expect(() => statistics.merge(named(3))).toThrow('got "pixels" of dim 2 and "pixels" of dim 3');
    try {
      statistics.merge(named(2, "inception"));
      expect.unreachable();
    } catch (error) {
      expect(isNuwaError(error) && error.code).toBe("INPUT");
    }
  });

  test.each([
    [{ count: 1 }, "count must be a whole number above 1, got 1"],
    [{ covariance: Float64Array.of(1) }, "covariance must have 2 x 2 numbers, as mean has 2, got 1"],
    [
      { covariance: Float64Array.of(1, 0.5, 0, 1) },
      "covariance must be symmetric, got 0 at [1, 0] and 0.5 across",
    ],
    [{ covariance: Float64Array.of(1, 0, 0, Number.NaN) }, "covariance must be finite"],
    [{ mean: Float64Array.of(0, Number.NaN) }, "mean must be finite"],
  ])("the state %o", (change, message) => {
    const state = {
      features: "pixels",
      count: 5,
      mean: new Float64Array(2),
      covariance: Float64Array.of(1, 0, 0, 1),
    };
    expect(() => FrechetStatistics.from({ ...state, ...change })).toThrow(message);
  });
});
