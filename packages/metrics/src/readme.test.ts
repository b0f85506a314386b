import { Rng, randomNormal } from "@nuwa/tensor3d";
import { expectNoLeak, useCpu } from "@nuwa/testing";
import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, expect, test } from "vitest";
import { FrechetStatistics, frechetDistance, psnr, SegmentationScore, ssim } from "./index.ts";

beforeAll(useCpu);

test("the README's example", () =>
  expectNoLeak(async () => {
    const rng = new Rng(1);
    const images = tf.tidy(() => tf.tanh(randomNormal([2, 16, 16, 3], rng)));
    const worse = tf.tidy(() => tf.add(images, randomNormal([2, 16, 16, 3], rng, { std: 0.1 })));
    const similarity = ssim(images, worse);
    const decibels = psnr(images, worse);
    expect([similarity.shape, decibels.shape]).toEqual([[2], [2]]);
    for (const value of await similarity.data()) expect(Math.abs(value - 0.97)).toBeLessThan(0.03);
    for (const value of await decibels.data()) expect(Math.abs(value - 26)).toBeLessThan(1);

    const real = new FrechetStatistics({ features: "noise", dim: 4 });
    const generated = new FrechetStatistics({ features: "noise", dim: 4 });
    for (let batch = 0; batch < 3; batch++) {
      const [some, others] = [randomNormal([50, 4], rng), randomNormal([50, 4], rng, { mean: 1 })];
      await real.add(some);
      await generated.add(others);
      tf.dispose([some, others]);
    }
    expect(Math.abs(frechetDistance(real, generated) - 4)).toBeLessThan(1);

    const score = new SegmentationScore({ classes: 3 });
    const predicted = tf.tensor3d([0, 1, 1, 2], [1, 2, 2], "int32");
    const target = tf.tensor3d([0, 1, 2, 2], [1, 2, 2], "int32");
    await score.add(predicted, target);
    expect(score.pixelAccuracy()).toBe(0.75);
    expect(score.meanIoU()).toBeCloseTo(2 / 3, 15);
    expect(score.frequencyWeightedIoU()).toBe(0.625);
    tf.dispose([images, worse, similarity, decibels, predicted, target]);
  }));
