import { psnr, ssim } from "@nuwa/metrics";
import { Rng } from "@nuwa/tensor3d";
import { expectNoLeak, useCpu } from "@nuwa/testing";
import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, expect, test } from "vitest";
import type { Embedding } from "./embedding.ts";
import { classScore, pixelScore } from "./scores.ts";

beforeAll(useCpu);

/** Mean colours. */
const embedding: Embedding = {
  name: "mean colours",
  dim: 3,
  embed: (pixels) => tf.mean(pixels, [1, 2]) as tf.Tensor2D,
  dispose() {},
};

const pictures = (count: number, rng: Rng): tf.Tensor4D =>
  tf.tensor4d(
    rng.uniform(count * 12 * 12 * 3).map((value) => 2 * value - 1),
    [count, 12, 12, 3],
  );

test("SSIM and PSNR are means over the pictures of all batches", () =>
  expectNoLeak(async () => {
    const score = pixelScore(undefined);
    const rng = new Rng(0);
    const originals = pictures(5, rng);
    const others = pictures(5, rng);
    for (const [start, count] of [
      [0, 2],
      [2, 3],
    ]) {
      const parts = [originals, others].map((all) => tf.slice(all, [start, 0, 0, 0], [count, 12, 12, 3]));
      await score.add(parts[0], parts[1]);
      tf.dispose(parts);
    }
    const figures = score.figures();
    const expected = tf.tidy(() =>
      [ssim, psnr].map((metric) => tf.mean(metric(originals, others)).dataSync()[0]),
    );
    expect(figures.ssim).toBeCloseTo(expected[0], 5);
    expect(figures.psnr).toBeCloseTo(expected[1], 4);
    expect(figures).not.toHaveProperty("frechetDistance");
    tf.dispose([originals, others]);
  }));

test("the Fréchet distance is between the features of the pictures and of their reconstructions", () =>
  expectNoLeak(async () => {
    const originals = pictures(6, new Rng(1));
    const brighter = tf.add(originals, 0.5) as tf.Tensor4D;
    const same = pixelScore(embedding);
    await same.add(originals, originals);
    expect(same.figures().frechetDistance).toBeCloseTo(0, 6);
    const shifted = pixelScore(embedding);
    await shifted.add(originals, brighter);
    expect(shifted.figures().frechetDistance).toBeCloseTo(3 * 0.5 ** 2, 5); // equal covariances, means 0.5 apart
    tf.dispose([originals, brighter]);
  }));

test("pixel accuracy and frequency-weighted IoU of class maps", () =>
  expectNoLeak(async () => {
    const score = classScore(2);
    const originals = tf.tensor3d([0, 0, 0, 1], [1, 2, 2], "int32");
    const remade = tf.tensor3d([0, 0, 1, 1], [1, 2, 2], "int32");
    await score.add(originals, remade);
    // Class 0: IoU 2/3, three of four pixels; class 1: IoU 1/2, one of four.
    const { pixelAccuracy, frequencyWeightedIoU } = score.figures();
    expect(pixelAccuracy).toBe(3 / 4);
    expect(frequencyWeightedIoU).toBeCloseTo((3 / 4) * (2 / 3) + (1 / 4) * (1 / 2), 12);
    tf.dispose([originals, remade]);
  }));
