import { MovingOpenMoji } from "@nuwa/data";
import { Rng } from "@nuwa/tensor3d";
import { expectNoLeak, useCpu } from "@nuwa/testing";
import { beforeAll, expect, test } from "vitest";
import { judgeAccuracy } from "./accuracy.ts";
import { isUnseenPosition, renderImage, renderVideo } from "./renderings.ts";
import { trainJudge } from "./train-judge.ts";

let dataset: MovingOpenMoji;

beforeAll(async () => {
  await useCpu();
  dataset = await MovingOpenMoji.open({
    size: 16,
    spriteSize: 10,
    frames: 3,
    pixelsPerFrame: 2,
    align: 2,
    emoji: ["pizza", "rabbit", "butterfly"],
    backgrounds: ["red", "blue", "yellow"],
    motions: ["right", "left"],
  });
});

test("trains without a leak, says how it goes, and its figures are shares", () =>
  expectNoLeak(async () => {
    const losses: number[] = [];
    const judge = await trainJudge(dataset, {
      rng: new Rng(0),
      steps: 2,
      images: 2,
      clips: 1,
      onProgress: ({ loss }) => losses.push(loss),
    });
    expect(losses).toHaveLength(1);
    expect(losses.every(Number.isFinite)).toBe(true);
    const accuracy = await judgeAccuracy(judge, dataset, {
      rng: new Rng(1),
      images: 2,
      videos: 1,
      reconstruct: async (pixels) => pixels,
    });
    expect(accuracy.renderings.count).toBe(2);
    expect(accuracy.continuations.count).toBe(1);
    // Looked at again, the same videos get the same names.
    const { tenWay: _real, ...real } = accuracy.videos;
    const { tenWay: _remade, ...remade } = accuracy.videoReconstructions!;
    expect(remade).toEqual(real);
    judge.dispose();
  }));

test("positions are either trained on or judged at", () => {
  const combination = dataset.combinations.images.train[0];
  const unseen = renderImage(dataset, combination, new Rng(3), { unseen: true });
  const trained = renderImage(dataset, combination, new Rng(3), { unseen: false });
  expect(unseen.pixels).not.toEqual(trained.pixels);
  expect(isUnseenPosition({ row: 2, column: 3 })).toBe(true);
  expect(isUnseenPosition({ row: 2, column: 4 })).toBe(false);
});

test("videos keep their motion's start along its own axis", () => {
  const combination = dataset.combinations.videos.train.find(({ motion }) => motion === "right")!;
  const { frames, size, segmentation } = renderVideo(dataset, combination, new Rng(4));
  const leftmost = (frame: number) => {
    const columns = [...segmentation.subarray(frame * size * size, (frame + 1) * size * size).entries()]
      .filter(([, value]) => value !== 0)
      .map(([place]) => place % size);
    return Math.min(...columns);
  };
  expect(leftmost(1) - leftmost(0)).toBe(2);
  expect(leftmost(frames - 1) - leftmost(0)).toBe(4);
});

test("frames that the network cannot halve are named", async () => {
  const odd = await MovingOpenMoji.open({ size: 24, spriteSize: 10, frames: 3, emoji: ["pizza", "rabbit"] });
  await expect(trainJudge(odd, { rng: new Rng(0) })).rejects.toThrow(
    "wanted frames of a multiple of 16 pixels",
  );
});
