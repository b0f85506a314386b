import type { Attributes } from "@nuwa/data";
import { NuwaError, type Rng } from "@nuwa/tensor3d";
import { joinPixels } from "./frames.ts";
import { type ImageJudgement, type Judge, likeliest, type VideoJudgement } from "./judge.ts";
import { picksRightCaption } from "./ten-way.ts";

/** A picture to judge and what it should show. */
export interface JudgedItem {
  /** `[size, size, 3]`, or `[frames, size, size, 3]` for a video, in [-1, 1]. */
  readonly pixels: Float32Array;
  readonly attributes: Attributes;
}

/** Shares from 0 to 1 of `count` pictures. */
export interface ImageScore {
  readonly count: number;
  /** The right caption of ten, five with another emoji and four with another background. */
  readonly tenWay: number;
  /** Emoji and background both the likeliest of all. */
  readonly exact: number;
  readonly emoji: number;
  readonly background: number;
}

/** Shares from 0 to 1 of `count` videos. */
export interface VideoScore extends ImageScore {
  readonly motion: number;
  /** The right emoji moving the right way. */
  readonly emojiAndMotion: number;
}

/** @throws NuwaError `INPUT` without items */
export async function scoreImages(judge: Judge, items: readonly JudgedItem[], rng: Rng): Promise<ImageScore> {
  const judgements = await judge.images(joinPixels(items));
  return imageScore(judge, items, judgements, rng);
}

/** @throws NuwaError `INPUT` without items */
export async function scoreVideos(
  judge: Judge,
  items: readonly JudgedItem[],
  { frames, rng }: { readonly frames: number; readonly rng: Rng },
): Promise<VideoScore> {
  const judgements = await judge.videos(joinPixels(items), frames);
  return videoScore(judge, items, judgements, rng);
}

/**
 * Scores continuations by their predicted frames alone; where only one is predicted, by it and the frame before.
 *
 * @param options `frames` of a whole video, of which the first `given` were given
 * @throws NuwaError `INPUT` without items or without predicted frames
 */
export async function scoreContinuations(
  judge: Judge,
  items: readonly JudgedItem[],
  { frames, given, rng }: { readonly frames: number; readonly given: number; readonly rng: Rng },
): Promise<VideoScore> {
  if (!(given >= 1 && given < frames)) {
    throw new NuwaError(
      "INPUT",
      `scoreContinuations: wanted 1 to ${frames - 1} given of ${frames} frames, got ${given}.`,
    );
  }
  const first = Math.min(given, frames - 2);
  const predicted = items.map(({ pixels, attributes }) => ({
    attributes,
    pixels: pixels.subarray((pixels.length / frames) * first),
  }));
  return scoreVideos(judge, predicted, { frames: frames - first, rng });
}

function imageScore(
  judge: Judge,
  items: readonly JudgedItem[],
  judgements: readonly ImageJudgement[],
  rng: Rng,
): ImageScore {
  const { vocabulary } = judge;
  const right = items.map(({ attributes }, index) => {
    const { emojiLogProbs, backgroundLogProbs } = judgements[index];
    return {
      tenWay: picksRightCaption(judgements[index], attributes, vocabulary, rng),
      emoji: vocabulary.emoji[likeliest(emojiLogProbs)] === attributes.emoji,
      background: vocabulary.backgrounds[likeliest(backgroundLogProbs)] === attributes.background,
    };
  });
  return {
    count: items.length,
    tenWay: share(right, ({ tenWay }) => tenWay),
    exact: share(right, ({ emoji, background }) => emoji && background),
    emoji: share(right, ({ emoji }) => emoji),
    background: share(right, ({ background }) => background),
  };
}

function videoScore(
  judge: Judge,
  items: readonly JudgedItem[],
  judgements: readonly VideoJudgement[],
  rng: Rng,
): VideoScore {
  const { vocabulary } = judge;
  const right = items.map(({ attributes }, index) => ({
    emoji: vocabulary.emoji[likeliest(judgements[index].emojiLogProbs)] === attributes.emoji,
    motion: vocabulary.motions[likeliest(judgements[index].motionLogProbs)] === attributes.motion,
  }));
  return {
    ...imageScore(judge, items, judgements, rng),
    motion: share(right, ({ motion }) => motion),
    emojiAndMotion: share(right, ({ emoji, motion }) => emoji && motion),
  };
}

function share<Item>(items: readonly Item[], holds: (item: Item) => boolean): number {
  return items.filter(holds).length / items.length;
}
