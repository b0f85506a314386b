import type { ImageCombination, MovingOpenMoji, OpenMojiSample, VideoCombination } from "@nuwa/data";
import type { Rng } from "@nuwa/tensor3d";
import { joinPixels } from "./frames.ts";
import type { Judge } from "./judge.ts";
import { drawItems, renderImage } from "./renderings.ts";
import { type ImageScore, scoreContinuations, scoreImages, scoreVideos, type VideoScore } from "./score.ts";

export interface AccuracyOptions {
  readonly rng: Rng;
  /** Images of each kind. Default 200. */
  readonly images?: number;
  /** Videos of each kind. Default 100. */
  readonly videos?: number;
  /** Frames that a continuation is given. Default 2. */
  readonly given?: number;
  /** A tokenizer's encoder and decoder: `[n, size, size, 3]` to the same. */
  readonly reconstruct?: (pixels: Float32Array) => Promise<Float32Array>;
}

/** How far a judge can be trusted. All of combinations that it never trained on. */
export interface JudgeAccuracy {
  /** Renderings at positions that it never trained on. */
  readonly renderings: ImageScore;
  readonly videos: VideoScore;
  /** Real videos without their first frames. */
  readonly continuations: VideoScore;
  /** What a tokenizer makes of renderings; with `reconstruct` only. */
  readonly reconstructions?: ImageScore;
  readonly videoReconstructions?: VideoScore;
}

/** Scores a judge on real pictures of held-out combinations (of all, where nothing is held out). */
export async function judgeAccuracy(
  judge: Judge,
  dataset: MovingOpenMoji,
  { rng, images: imageCount = 200, videos: videoCount = 100, given = 2, reconstruct }: AccuracyOptions,
): Promise<JudgeAccuracy> {
  const { frames } = dataset.config;
  const imageItems = drawItems(heldOut(dataset.combinations.images), imageCount, rng.fork("images"));
  const videoItems = drawItems(heldOut(dataset.combinations.videos), videoCount, rng.fork("videos"));
  const renderings = render(imageItems, rng.fork("positions"), (item, random) =>
    renderImage(dataset, item, random, { unseen: true }),
  );
  const videos = render(videoItems, rng.fork("starts"), (item, random) => dataset.video(item, random));
  const real = {
    renderings: await scoreImages(judge, renderings, rng.fork("renderings")),
    videos: await scoreVideos(judge, videos, { frames, rng: rng.fork("choices") }),
    continuations: await scoreContinuations(judge, videos, {
      frames,
      given: Math.min(given, frames - 1),
      rng: rng.fork("continuations"),
    }),
  };
  if (reconstruct === undefined) return real;
  const aligned = render(imageItems, rng.fork("aligned"), (item, random) => dataset.image(item, random));
  const remake = (items: readonly OpenMojiSample[]) => remakeItems(items, reconstruct);
  return {
    ...real,
    reconstructions: await scoreImages(judge, await remake(aligned), rng.fork("reconstructions")),
    videoReconstructions: await scoreVideos(judge, await remake(videos), {
      frames,
      rng: rng.fork("video reconstructions"),
    }),
  };
}

function heldOut<Item extends ImageCombination | VideoCombination>(combinations: {
  readonly train: readonly Item[];
  readonly heldOut: readonly Item[];
}): readonly Item[] {
  return combinations.heldOut.length > 0 ? combinations.heldOut : combinations.train;
}

function render<Item>(
  items: readonly Item[],
  rng: Rng,
  draw: (item: Item, rng: Rng) => OpenMojiSample,
): OpenMojiSample[] {
  return items.map((item) => draw(item, rng));
}

/** Pictures that `reconstruct` gets at once. */
const batch = 16;

async function remakeItems(
  items: readonly OpenMojiSample[],
  reconstruct: (pixels: Float32Array) => Promise<Float32Array>,
): Promise<OpenMojiSample[]> {
  const remade: OpenMojiSample[] = [];
  for (let first = 0; first < items.length; first += batch) {
    const part = items.slice(first, first + batch);
    const pixels = await reconstruct(joinPixels(part));
    const length = part[0].pixels.length;
    part.forEach((item, index) => {
      remade.push({ ...item, pixels: pixels.slice(index * length, (index + 1) * length) });
    });
  }
  return remade;
}
