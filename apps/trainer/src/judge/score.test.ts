import type { Attributes, Vocabulary } from "@nuwa/data";
import { Rng } from "@nuwa/tensor3d";
import { expectNoLeak, useCpu } from "@nuwa/testing";
import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, expect, test } from "vitest";
import { Judge } from "./judge.ts";
import type { JudgeNetwork } from "./network.ts";
import { scoreContinuations, scoreImages, scoreVideos } from "./score.ts";

beforeAll(useCpu);

const vocabulary: Vocabulary = {
  emoji: ["cat", "dog", "apple"],
  backgrounds: ["red", "blue"],
  motions: ["right", "left"],
};
const size = 2;
const motionFrames = 3;

/** Sees the emoji, the background and the motion in the red, green and blue of a frame's first pixel. */
const network = {
  config: { size, emoji: 3, backgrounds: 2, motions: 2, motionFrames },
  image: (pixels: tf.Tensor4D) => ({
    emoji: tf.oneHot(channel(pixels, 0, 1), 3, 10, 0, "float32"),
    background: tf.oneHot(channel(pixels, 1, 1), 2, 10, 0, "float32"),
  }),
  clip: (pixels: tf.Tensor4D) => tf.oneHot(channel(pixels, 2, motionFrames), 2, 10, 0, "float32"),
  dispose: () => {},
} as unknown as JudgeNetwork;

function channel(pixels: tf.Tensor4D, index: number, every: number): tf.Tensor1D {
  const first = tf.reshape(tf.slice(pixels, [0, 0, 0, index], [-1, 1, 1, 1]), [-1, every]);
  return tf.cast(tf.reshape(tf.slice(first, [0, 0], [-1, 1]), [-1]), "int32");
}

/** One frame after another, each showing (emoji, background, motion) by number. */
function frames(...shown: [emoji: number, background: number, motion: number][]): Float32Array {
  const pixels = new Float32Array(shown.length * size * size * 3);
  for (const [index, values] of shown.entries()) pixels.set(values, index * size * size * 3);
  return pixels;
}

const judge = new Judge(vocabulary, network);
const dogOnBlue: Attributes = { emoji: "dog", background: "blue" };

test("scores images: emoji, background, both, and the right caption", () =>
  expectNoLeak(async () => {
    const items = [
      { pixels: frames([1, 1, 0]), attributes: dogOnBlue },
      { pixels: frames([1, 0, 0]), attributes: dogOnBlue },
      { pixels: frames([0, 1, 0]), attributes: dogOnBlue },
      { pixels: frames([2, 0, 0]), attributes: dogOnBlue },
    ];
    expect(await scoreImages(judge, items, new Rng(0))).toEqual({
      count: 4,
      tenWay: 0.25,
      exact: 0.25,
      emoji: 0.5,
      background: 0.5,
    });
  }));

test("scores videos by the mean of their frames and by the motion", () =>
  expectNoLeak(async () => {
    const attributes: Attributes = { ...dogOnBlue, motion: "left" };
    const items = [
      { pixels: frames([1, 1, 1], [1, 1, 1], [0, 1, 1]), attributes },
      { pixels: frames([0, 1, 1], [0, 1, 1], [1, 1, 1]), attributes },
    ];
    const score = await scoreVideos(judge, items, { frames: 3, rng: new Rng(0) });
    expect(score).toMatchObject({ count: 2, emoji: 0.5, background: 1, motion: 1, emojiAndMotion: 0.5 });
  }));

test("scores a continuation by its predicted frames alone", async () => {
  const attributes: Attributes = { ...dogOnBlue, motion: "left" };
  const items = [{ pixels: frames([0, 0, 0], [0, 0, 0], [1, 1, 1], [1, 1, 1]), attributes }];
  const score = await scoreContinuations(judge, items, { frames: 4, given: 2, rng: new Rng(0) });
  expect(score).toMatchObject({ emoji: 1, background: 1, motion: 1 });
});

test("names bad input", async () => {
  await expect(scoreImages(judge, [], new Rng(0))).rejects.toThrow("wanted at least one item, got none");
  await expect(judge.images(new Float32Array(13))).rejects.toThrow("wanted a multiple of 12 values, got 13");
  await expect(judge.videos(frames([0, 0, 0]), 1)).rejects.toThrow("at least 2 frames, got 1");
  const items = [{ pixels: frames([0, 0, 0], [0, 0, 0]), attributes: dogOnBlue }];
  const options = { frames: 2, given: 2, rng: new Rng(0) };
  await expect(scoreContinuations(judge, items, options)).rejects.toThrow("wanted 1 to 1 given of 2 frames");
});
