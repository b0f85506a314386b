import { Rng } from "@nuwa/tensor3d";
import { describe, expect, test } from "vitest";
import { golden } from "./fixtures/oracle.ts";
import { frechetDistance } from "./frechet-distance.ts";
import { FrechetStatistics } from "./frechet-statistics.ts";

const gathered = (rows: ArrayLike<number>, dim: number, features = "pixels") => {
  const statistics = new FrechetStatistics({ features, dim });
  statistics.addRows(rows);
  return statistics;
};

describe("frechetDistance", () => {
  test("by hand: in one dimension (μ1 - μ2)² + (σ1 - σ2)²", () => {
    const a = gathered([-1, 0, 1], 1); // mean 0, variance 1
    const b = gathered([0, 3, 6], 1); // mean 3, variance 9
    expect(frechetDistance(a, b)).toBeCloseTo(9 + 4, 12);
  });

  test("by hand: covariances that do not commute", () => {
    // Σ1 = diag(4, 1) and Σ2 = [[2, 1], [1, 2]]: det(Σ1 Σ2) = 12, tr(Σ1 Σ2) = 10, and in two dimensions
    // tr(M^½) = √(tr M + 2 √det M).
    const state = { features: "pixels", count: 10, mean: Float64Array.of(0, 0) };
    const a = FrechetStatistics.from({ ...state, covariance: Float64Array.of(4, 0, 0, 1) });
    const b = FrechetStatistics.from({ ...state, covariance: Float64Array.of(2, 1, 1, 2) });
    expect(frechetDistance(a, b)).toBeCloseTo(5 + 4 - 2 * Math.sqrt(10 + 2 * Math.sqrt(12)), 12);
  });

  test.each(["full", "singular", "mixed", "far"])(
    "agrees with pytorch-fid on %s, either way round",
    (name) => {
      const [a, b] = ["a", "b"].map((side) => {
        const { shape, data } = golden(`frechet.${name}.${side}`);
        return gathered(data, shape[1]);
      });
      const [expected] = golden(`frechet.${name}`).data;
      expect(Math.abs(frechetDistance(a, b) / expected - 1)).toBeLessThan(1e-7);
      expect(Math.abs(frechetDistance(b, a) / expected - 1)).toBeLessThan(1e-7);
    },
  );

  test.each([
    [50, 8],
    [5, 16],
  ])("is 0 between equal statistics: %i samples in %i dimensions", (count, dim) => {
    const rows = new Rng(1).normal(count * dim);
    const distance = frechetDistance(gathered(rows, dim), gathered(rows, dim));
    expect(distance).toBeGreaterThanOrEqual(0);
    expect(distance).toBeLessThan(1e-6);
  });

  test("of samples that never vary is the distance of the means", () => {
    expect(frechetDistance(gathered([1, 2, 1, 2], 2), gathered([4, 6, 4, 6], 2))).toBe(25);
  });
});

describe("frechetDistance refuses", () => {
  test("features of two names", () => {
    expect(() => frechetDistance(gathered([1, 2], 1, "clip"), gathered([1, 2], 1, "inception"))).toThrow(
      'frechetDistance: wanted the same features on both sides, got "clip" of dim 1 and "inception" of dim 1',
    );
  });

  test("one sample, and features that overflow", () => {
    expect(() => frechetDistance(gathered([1, 2], 1), gathered([1], 1))).toThrow(
      "at least two samples, got 1",
    );
    const huge = gathered([1e200, -1e200], 1);
    expect(() => frechetDistance(huge, huge)).toThrow(
      "a covariance is not finite, as the features are too large",
    );
  });
});
