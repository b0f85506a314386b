import { Rng } from "@nuwa/tensor3d";
import { expectNoLeak, useCpu } from "@nuwa/testing";
import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, expect, test } from "vitest";
import { kMeans, seedRows } from "./k-means.ts";

beforeAll(useCpu);

/** `perCluster` points within 0.1 of each of (0, 0), (10, 0), (0, 10), (10, 10). */
function fourClouds(perCluster: number): Float32Array {
  const noise = new Rng(3).uniform(8 * perCluster);
  return noise.map((value, index) => {
    const cluster = Math.floor(index / (2 * perCluster));
    const centre = index % 2 === 0 ? 10 * (cluster % 2) : 10 * Math.floor(cluster / 2);
    return centre + 0.2 * value - 0.1;
  });
}

test("seeds fall into different clouds and depend on the generator only", () => {
  const data = fourClouds(20);
  const chosen = seedRows(data, 2, 4, new Rng(1));
  expect(new Set([...chosen].map((row) => Math.floor(row / 20))).size).toBe(4);
  expect(seedRows(data, 2, 4, new Rng(1))).toEqual(chosen);
});

test("seeds repeat when there are fewer distinct rows than clusters", () => {
  const chosen = seedRows(Float32Array.from([1, 1, 1]), 1, 3, new Rng(0));
  expect(chosen).toHaveLength(3);
  for (const row of chosen) expect(row).toBeLessThan(3);
});

test("the centres are the clouds' means, the counts their sizes", () =>
  expectNoLeak(async () => {
    const data = fourClouds(20);
    const latents = tf.tensor2d(data, [80, 2]);
    const { centres, counts } = await kMeans(latents, { clusters: 4, rng: new Rng(5) });
    expect([...(await counts.data())]).toEqual([20, 20, 20, 20]);
    const got = (await centres.array()).map((centre) =>
      centre.map((value) => 10 * Math.round(value / 10)).join(),
    );
    expect(got.sort()).toEqual(["0,0", "0,10", "10,0", "10,10"]);
    const values = await centres.data();
    let mean = 0;
    for (let row = 0; row < 20; row++) mean += data[2 * row] / 20;
    const origin = [0, 1, 2, 3].find((row) => Math.hypot(values[2 * row], values[2 * row + 1]) < 1)!;
    expect(values[2 * origin]).toBeCloseTo(mean, 5);
    tf.dispose([latents, centres, counts]);
  }));

test("too few rows are refused", async () => {
  const latents = tf.zeros<tf.Rank.R2>([3, 2]);
  await expect(kMeans(latents, { clusters: 4, rng: new Rng(0) })).rejects.toThrow(
    "kMeans: wants at least as many rows as clusters, 4, got 3.",
  );
  latents.dispose();
});
