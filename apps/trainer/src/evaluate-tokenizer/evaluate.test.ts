import { MovingOpenMoji } from "@nuwa/data";
import { Rng } from "@nuwa/tensor3d";
import { expectNoLeak, useCpu } from "@nuwa/testing";
import { VqModel } from "@nuwa/vqgan";
import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, describe, expect, test } from "vitest";
import type { ImageTokenizer } from "../model/tokenizer-folder.ts";
import type { Embedding } from "./embedding.ts";
import { evaluatePictures } from "./evaluate.ts";
import type { PictureSet } from "./pictures.ts";

let set: PictureSet;
let tokenizer: ImageTokenizer;

const data = { size: 16, spriteSize: 8, frames: 1, align: 4, emoji: ["fox", "panda", "apple"] };
const embedding: Embedding = {
  name: "mean colours",
  dim: 3,
  embed: (pixels) => tf.mean(pixels, [1, 2]) as tf.Tensor2D,
  dispose() {},
};
const config = {
  resolution: 16,
  patch: 2,
  channels: [8, 8],
  encoderBlocks: [1, 1],
  decoderBlocks: [1, 1],
  embeddingDim: 4,
  codebookSize: 16,
} as const;

beforeAll(async () => {
  await useCpu();
  const dataset = await MovingOpenMoji.open(data);
  set = { dataset, combinations: dataset.combinations.images.heldOut, heldOut: true };
  tokenizer = { name: "one", input: "pixels", data, model: VqModel.create(config, new Rng(1)) };
});

const options = (seed: number) => ({
  count: 20,
  rng: new Rng(seed),
  embedding,
  signal: new AbortController().signal,
  onProgress() {},
});

describe("a tokenizer of pixels", () => {
  test("has figures of its codes and of its reconstructions, and leaks nothing", () =>
    expectNoLeak(async () => {
      const done: number[] = [];
      const onProgress = (count: number) => void done.push(count);
      const figures = await evaluatePictures(tokenizer, set, { ...options(0), batch: 8, onProgress });
      expect(done).toEqual([8, 16, 20]);
      expect(figures).toMatchObject({
        pictures: 20,
        drawings: new Set(set.combinations.map(({ emoji }) => emoji)).size,
        heldOutCombinations: true,
        ssim: expect.any(Number),
        psnr: expect.any(Number),
        frechetDistance: expect.any(Number),
        stability: 1, // its codes depend on their own pixels only
      });
      expect(figures.usage * 16).toBeGreaterThanOrEqual(1);
      expect(figures.perplexity).toBeLessThanOrEqual(figures.usage * 16 + 1e-9);
    }));

  test("gives the same figures for the same seed, in batches of any size", async () => {
    const first = await evaluatePictures(tokenizer, set, { ...options(0), batch: 20 });
    const again = await evaluatePictures(tokenizer, set, { ...options(0), batch: 20 });
    expect(again).toEqual(first);
    const small = (await evaluatePictures(tokenizer, set, { ...options(0), batch: 3 })) as typeof first &
      Record<"ssim" | "psnr", number>;
    expect(small).toMatchObject({ usage: first.usage, stability: first.stability });
    expect(small.ssim).toBeCloseTo((first as typeof small).ssim, 5);
    expect(small.psnr).toBeCloseTo((first as typeof small).psnr, 4);
    const other = await evaluatePictures(tokenizer, set, { ...options(1), batch: 20 });
    expect(other).not.toEqual(first);
  });

  test("a wide encoder's codes change when the picture moves", async () => {
    const model = VqModel.create({ ...config, encoderKernel: 3, encoderBlocks: [3, 3] }, new Rng(2));
    const figures = await evaluatePictures({ ...tokenizer, model }, set, options(0));
    expect(figures.stability).toBeLessThan(1);
    model.dispose();
  });

  test("stops after the batch in which the person asks to, and leaks nothing", () =>
    expectNoLeak(async () => {
      const stop = new AbortController();
      const done: number[] = [];
      const onProgress = (count: number) => {
        done.push(count);
        stop.abort();
      };
      const evaluating = evaluatePictures(tokenizer, set, {
        ...options(0),
        batch: 4,
        signal: stop.signal,
        onProgress,
      });
      await expect(evaluating).rejects.toMatchObject({ name: "AbortError" });
      expect(done).toEqual([4]);
    }));

  test("pictures of another size than it takes are an error, and leak nothing", () =>
    expectNoLeak(async () => {
      const dataset = await MovingOpenMoji.open({ ...data, size: 18 });
      const evaluating = evaluatePictures(tokenizer, { ...set, dataset }, options(0));
      await expect(evaluating).rejects.toMatchObject({ code: "SHAPE" });
    }));
});

/** Reads class maps: a code is the class in a token's upper left corner; `reconstruct` is given. */
function classTokenizer(reconstruct: (maps: tf.Tensor3D) => tf.Tensor3D): ImageTokenizer {
  const encode = (maps: tf.Tensor3D) => ({
    codes: tf.tidy(() => tf.stridedSlice(maps, [0, 0, 0], maps.shape, [1, 4, 4]) as tf.Tensor3D),
  });
  const model = {
    config: { ...tokenizer.model.config, inChannels: 2, codebookSize: 2 },
    encode,
    reconstruct,
  };
  return { name: "classes", input: "sketch", data, model: model as unknown as VqModel };
}

describe("a tokenizer of class maps", () => {
  test("has pixel accuracy and FWIoU instead", () =>
    expectNoLeak(async () => {
      const exact = await evaluatePictures(classTokenizer(tf.clone), set, options(0));
      expect(exact).toMatchObject({ pixelAccuracy: 1, frequencyWeightedIoU: 1, stability: 1 });
      expect(exact).not.toHaveProperty("ssim");
      const empty = await evaluatePictures(classTokenizer(tf.zerosLike), set, options(0));
      const background = (empty as unknown as { pixelAccuracy: number }).pixelAccuracy;
      expect(background).toBeGreaterThan(0.5);
      expect(background).toBeLessThan(1);
      // All is taken for background: its IoU is its share, that of the lines 0.
      expect(empty).toMatchObject({ frequencyWeightedIoU: expect.closeTo(background ** 2, 12) });
    }));
});
