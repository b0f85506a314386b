import { readFile } from "node:fs/promises";
import { useBackend } from "@nuwa/backends";
import { MovingOpenMoji } from "@nuwa/data";
import { FrechetStatistics, frechetDistance } from "@nuwa/metrics";
import { Rng, randomNormal } from "@nuwa/tensor3d";
import { expectNoLeak } from "@nuwa/testing";
import { perceptualDistance } from "@nuwa/vqgan";
import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, describe, expect, test } from "vitest";
import { blurred } from "./fixtures/distort.ts";
import { readOpenMojiFeatures } from "./node.ts";
import type { OpenMojiFeatures } from "./openmoji-features.ts";

// Real pictures, on the fastest backend that is here: the plain one would take minutes.
let data: MovingOpenMoji;
beforeAll(async () => {
  await useBackend("auto", { fetch: false });
  data = await MovingOpenMoji.open({ emoji: "small" });
});

/** Drawings on a background, each at its place of `data.positions`. */
function pictures(first: number, count: number, place: (index: number) => number): tf.Tensor4D {
  const parts = Array.from({ length: count }, (_, index) => {
    const emoji = data.emoji[(first + index) % data.emoji.length];
    const background = data.backgrounds[Math.floor((first + index) / 3) % data.backgrounds.length];
    const position = data.positions[place(index) % data.positions.length];
    return data.drawImage({ emoji, background, position }).pixels;
  });
  const { size } = data.config;
  return tf.tidy(() => tf.stack(parts.map((part) => tf.tensor3d(part, [size, size, 3])))) as tf.Tensor4D;
}

const changes = [
  ["to blurred ones", (pixels: tf.Tensor4D, sigma: number) => blurred(pixels, sigma), [0.5, 1, 1.5, 2, 3]],
  ["to noisy ones", (pixels: tf.Tensor4D, std: number) => noisy(pixels, std), [0.05, 0.1, 0.2, 0.3]],
] as const;

const noisy = (pixels: tf.Tensor4D, std: number) =>
  tf.tidy(() => tf.add(pixels, randomNormal(pixels.shape, new Rng(1), { std }))) as tf.Tensor4D;

/** By name, what is done to 24 pictures: the first hardly shows. */
function versions(pixels: tf.Tensor4D): Record<string, tf.Tensor4D> {
  return {
    light: tf.tidy(() => tf.add(tf.mul(noisy(pixels, 0.01), 0.99), 0.01) as tf.Tensor4D),
    blurred: blurred(pixels, 1.5),
    noisy: noisy(pixels, 0.2),
    shifted: pictures(0, 24, (index) => index + 1),
    other: pictures(24, 24, (index) => index),
  };
}

type Distance = (network: OpenMojiFeatures, a: tf.Tensor4D, b: tf.Tensor4D) => tf.Tensor;

const perceptual: Distance = (network, a, b) => perceptualDistance(network, a, b);
const embedded: Distance = (network, a, b) =>
  tf.tidy(() => tf.sum(tf.square(tf.sub(network.embed(a), network.embed(b))), 1));

describe.each([
  ["perceptual distance", perceptual],
  ["distance of embeddings", embedded],
])("the %s", (_name, distance) => {
  test("of a lightly changed picture is below that of any changed one, for every picture", () =>
    expectNoLeak(async () => {
      const network = await readOpenMojiFeatures();
      const pixels = pictures(0, 24, (index) => index);
      const changed = versions(pixels);
      const distances: Record<string, Float32Array> = {};
      for (const [name, version] of Object.entries(changed)) {
        const values = distance(network, pixels, version);
        distances[name] = (await values.data()) as Float32Array;
        values.dispose();
      }
      for (const name of ["blurred", "noisy", "shifted", "other"]) {
        for (const [index, value] of distances[name].entries()) {
          expect(value, `${name} ${data.emoji[index]}`).toBeGreaterThan(2 * distances.light[index]);
        }
      }
      tf.dispose([pixels, changed]);
      network.dispose();
    }));

  test("grows with the blur, for every picture", () =>
    expectNoLeak(async () => {
      const network = await readOpenMojiFeatures();
      const pixels = pictures(0, 24, (index) => index);
      let before = new Float32Array(24);
      for (const sigma of [0.5, 1, 2, 3]) {
        const version = blurred(pixels, sigma);
        const values = distance(network, pixels, version);
        const now = (await values.data()) as Float32Array;
        for (const [index, value] of now.entries()) {
          expect(value, `${sigma} ${data.emoji[index]}`).toBeGreaterThan(before[index]);
        }
        before = now.slice();
        tf.dispose([version, values]);
      }
      tf.dispose(pixels);
      network.dispose();
    }));
});

test("an embedding knows a drawing elsewhere better than another in its place", () =>
  expectNoLeak(async () => {
    const network = await readOpenMojiFeatures();
    const here = pictures(0, 24, (index) => index);
    const there = pictures(0, 24, (index) => index + 1);
    const nearest = tf.tidy(() => {
      const [a, b] = [network.embed(here), network.embed(there)];
      const products = tf.matMul(a, b, false, true); // [24, 24]
      const squares = tf.sum(tf.square(b), 1); // |a - b|² but for |a|², which is equal along a row
      return tf.argMin(tf.sub(squares, tf.mul(products, 2)), 1);
    });
    const right = (await nearest.data()).filter((value, index) => value === index).length;
    expect(right).toBeGreaterThanOrEqual(22);
    tf.dispose([here, there, nearest]);
    network.dispose();
  }));

describe("the Fréchet distance of 200 renderings", () => {
  test("grows with the blur and the noise, from far below what any of them gives", () =>
    expectNoLeak(async () => {
      const network = await readOpenMojiFeatures();
      const statisticsOf = async (change: (pixels: tf.Tensor4D) => tf.Tensor4D, offset = 0) => {
        const statistics = new FrechetStatistics({ features: network.name, dim: network.dim });
        for (let first = 0; first < 200; first += 50) {
          const batch = tf.tidy(() =>
            network.embed(change(pictures(first, 50, (index) => first + index + offset))),
          );
          await statistics.add(batch);
          batch.dispose();
        }
        return statistics;
      };
      const real = await statisticsOf((pixels) => pixels);
      const elsewhere = frechetDistance(real, await statisticsOf((pixels) => pixels, 1));
      await expectReadme("to the same drawings", [elsewhere]);
      for (const [words, change, strengths] of changes) {
        const distances: number[] = [];
        for (const strength of strengths) {
          distances.push(frechetDistance(real, await statisticsOf((pixels) => change(pixels, strength))));
        }
        const grown = distances.every((value, index) => index === 0 || value > distances[index - 1]);
        expect(grown, distances.join(", ")).toBe(true);
        expect(distances.at(-1)).toBeGreaterThan(5 * elsewhere);
        await expectReadme(words, distances);
      }
      network.dispose();
    }));
});

/** The README's row that starts so names these numbers, but for rounding and the backend's. */
async function expectReadme(words: string, distances: readonly number[]): Promise<void> {
  const readme = await readFile(new URL("../README.md", import.meta.url), "utf8");
  const row = readme.split("\n").find((line) => line.startsWith(`| ${words}`));
  const said = row?.split("|")[2].split(",").map(Number);
  expect(said?.length, `the row "${words}" for ${distances.join(", ")}`).toBe(distances.length);
  for (const [index, distance] of distances.entries()) {
    const close = Math.abs(said![index] - distance) <= 0.006 + 0.02 * distance;
    expect(close, `${words}: ${said![index]} for ${distance}`).toBe(true);
  }
}
