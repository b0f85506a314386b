import {
  type Attributes,
  captionOf,
  type ImageCombination,
  type MovingOpenMoji,
  type Split,
  type VideoCombination,
} from "@nuwa/data";
import { Rng } from "@nuwa/tensor3d";
import type { Console } from "../console/console.ts";
import { encodeClip, makePictures, type Picture, samplingOf, type Wish } from "../generate/pictures.ts";
import {
  type ImageScore,
  type Judge,
  scoreContinuations,
  scoreImages,
  scoreVideos,
  type VideoScore,
} from "../judge/index.ts";
import type { Clip } from "../media/pixels.ts";
import type { Model } from "../model/model-folder.ts";

/** A generated picture beside what it was asked to show. */
export interface MadeItem {
  readonly caption: string;
  readonly attributes: Attributes;
  readonly split: Split;
  readonly seed: number;
  readonly clip: Clip;
  /** Of a continuation. */
  readonly continued?: Continued;
}

/** What a continuation goes on from: the first `given` frames of a real video. */
export interface Continued {
  readonly real: Clip;
  readonly given: number;
}

/** What the judge says about a model; shares from 0 to 1. */
export interface CaptionTest {
  readonly textToImage: Readonly<Record<Split, ImageScore>>;
  readonly videoPrediction: Readonly<Record<Split, VideoScore>>;
  readonly textToVideo: Readonly<Record<Split, VideoScore>>;
}

export interface Evaluation {
  readonly test: CaptionTest;
  readonly images: Readonly<Record<Split, readonly MadeItem[]>>;
  readonly predictions: Readonly<Record<Split, readonly MadeItem[]>>;
  readonly videos: Readonly<Record<Split, readonly MadeItem[]>>;
  /** Seconds that making the pictures took. */
  readonly seconds: { readonly images: number; readonly predictions: number; readonly videos: number };
}

export interface EvaluationOptions {
  readonly images: number;
  readonly predictions: number;
  readonly videos: number;
  readonly seed: number;
  readonly console: Console;
  readonly signal: AbortSignal;
}

/** Frames that video prediction is given. */
export const GIVEN_FRAMES = 2;

/** Makes images and videos of trained and of held-out combinations, and has the judge name what they show. */
export async function evaluateModel(
  model: Model,
  dataset: MovingOpenMoji,
  judge: Judge,
  options: EvaluationOptions,
): Promise<Evaluation> {
  const { frames } = dataset.config;
  const rng = new Rng(options.seed).fork("evaluation");
  const draw = <Item>(
    items: Readonly<Record<Split, readonly Item[]>>,
    split: Split,
    count: number,
    of: string,
  ) => drawCombinations(items, split, count, rng.fork(of, split));
  const { images, videos } = dataset.combinations;
  const timed = stopwatch();

  const imageItems = [
    ...draw(images, "train", options.images, "images"),
    ...draw(images, "heldOut", options.images, "images"),
  ];
  const madeImages = await make(model, "Images", imageItems, {
    ...options,
    frames: 1,
    rng: rng.fork("image seeds"),
  });
  const imageSeconds = timed();

  const predictedItems = [
    ...draw(videos, "train", options.predictions, "predictions"),
    ...draw(videos, "heldOut", options.predictions, "predictions"),
  ];
  const madePredictions = await predict(model, dataset, predictedItems, {
    ...options,
    rng: rng.fork("prediction seeds"),
  });
  const predictionSeconds = timed();

  const videoItems = [
    ...draw(videos, "train", options.videos, "videos"),
    ...draw(videos, "heldOut", options.videos, "videos"),
  ];
  const madeVideos = await make(model, "Videos", videoItems, {
    ...options,
    frames,
    rng: rng.fork("video seeds"),
  });
  const videoSeconds = timed();

  const imagesOf = bySplit(madeImages);
  const predictionsOf = bySplit(madePredictions);
  const videosOf = bySplit(madeVideos);
  const judged = (items: readonly MadeItem[]) =>
    items.map(({ clip, attributes }) => ({ pixels: clip.pixels, attributes }));
  const choices = (name: string) => rng.fork("choices", name);
  const continuation = { frames, given: GIVEN_FRAMES };
  const test: CaptionTest = {
    textToImage: {
      train: await scoreImages(judge, judged(imagesOf.train), choices("train images")),
      heldOut: await scoreImages(judge, judged(imagesOf.heldOut), choices("held-out images")),
    },
    videoPrediction: {
      train: await scoreContinuations(judge, judged(predictionsOf.train), {
        ...continuation,
        rng: choices("train predictions"),
      }),
      heldOut: await scoreContinuations(judge, judged(predictionsOf.heldOut), {
        ...continuation,
        rng: choices("held-out predictions"),
      }),
    },
    textToVideo: {
      train: await scoreVideos(judge, judged(videosOf.train), { frames, rng: choices("train videos") }),
      heldOut: await scoreVideos(judge, judged(videosOf.heldOut), {
        frames,
        rng: choices("held-out videos"),
      }),
    },
  };
  const seconds = { images: imageSeconds, predictions: predictionSeconds, videos: videoSeconds };
  return { test, images: imagesOf, predictions: predictionsOf, videos: videosOf, seconds };
}

interface Planned {
  readonly combination: ImageCombination | VideoCombination;
  readonly split: Split;
}

/** Combinations of a split in an order that `rng` draws, again from the start where they are too few. */
function drawCombinations<Item>(
  items: Readonly<Record<Split, readonly Item[]>>,
  split: Split,
  count: number,
  rng: Rng,
): { combination: Item; split: Split }[] {
  const all = items[split].length > 0 ? items[split] : items.train;
  const order = rng.permutation(all.length);
  return Array.from({ length: count }, (_, index) => ({
    combination: all[order[index % all.length]],
    split,
  }));
}

type MakeOptions = Pick<EvaluationOptions, "console" | "signal"> & {
  readonly frames: number;
  readonly rng: Rng;
};

async function make(
  model: Model,
  title: string,
  planned: readonly Planned[],
  options: MakeOptions,
  known?: readonly { readonly codes: Int32Array; readonly continued: Continued }[],
): Promise<MadeItem[]> {
  const { console, signal, frames, rng } = options;
  const wishes = planned.map(({ combination }, index): Wish => {
    const seed = rng.fork(index).next();
    return known ? { seed, known: known[index].codes } : { seed, text: captionOf(combination) };
  });
  const unit = title.toLowerCase();
  const progress = console.progress(title, wishes.length, unit);
  const pictures: Picture[] = await makePictures(model, wishes, {
    frames,
    ...samplingOf(model, wishes[0]),
    signal,
    onProgress: (done) => progress.update(Math.floor(done)),
  }).finally(progress.finish);
  return pictures.map(({ clip }, index) => ({
    caption: captionOf(planned[index].combination),
    attributes: planned[index].combination,
    split: planned[index].split,
    seed: wishes[index].seed,
    clip,
    continued: known?.[index].continued,
  }));
}

/** Continues real videos after their first frames, without any text. */
async function predict(
  model: Model,
  dataset: MovingOpenMoji,
  planned: readonly { combination: VideoCombination; split: Split }[],
  options: Omit<MakeOptions, "frames">,
): Promise<MadeItem[]> {
  const { size, frames } = dataset.config;
  const given = Math.min(GIVEN_FRAMES, frames - 1);
  const known = [];
  for (const [index, { combination }] of planned.entries()) {
    const { pixels } = dataset.video(combination, options.rng.fork("start", index));
    const real: Clip = { height: size, width: size, frames, pixels };
    const first: Clip = { ...real, frames: given, pixels: pixels.subarray(0, given * size * size * 3) };
    known.push({ continued: { real, given }, codes: await encodeClip(model, first) });
  }
  return make(model, "Predictions", planned, { ...options, frames }, known);
}

function bySplit(items: readonly MadeItem[]): Record<Split, MadeItem[]> {
  return {
    train: items.filter(({ split }) => split === "train"),
    heldOut: items.filter(({ split }) => split === "heldOut"),
  };
}

/** Seconds since the last call. */
function stopwatch(): () => number {
  let last = performance.now();
  return () => {
    const now = performance.now();
    const seconds = (now - last) / 1000;
    last = now;
    return seconds;
  };
}
