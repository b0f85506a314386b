import { captionOf, type MovingOpenMoji } from "@nuwa/data";
import { Rng } from "@nuwa/tensor3d";
import { makePictures, samplingOf } from "../generate/pictures.ts";
import { contactSheet, frameBytes, type RawImage } from "../media/pixels.ts";
import type { Model } from "../model/model-folder.ts";
import { reconstructions } from "../model/reconstructions.ts";
import type { ImageTokenizer } from "../model/tokenizer-folder.ts";
import { errorPixels, shownPixels } from "../model/tokenizer-pixels.ts";
import { drawPlace, placeSample } from "./frame-source.ts";

const COUNT = 8;

/**
 * Real pictures of both splits, below them what the tokenizer makes of them, below that the absolute error; the same
 * pictures each time.
 */
export async function reconstructionSheet(
  tokenizer: Pick<ImageTokenizer, "model" | "input">,
  dataset: MovingOpenMoji,
): Promise<RawImage> {
  const rng = new Rng(0).fork("samples");
  const { size } = dataset.config;
  const samples = Array.from({ length: COUNT }, (_, index) =>
    placeSample(dataset, drawPlace(dataset, index < COUNT / 2 ? "train" : "heldOut", 0.5, rng)),
  );
  const { input } = tokenizer;
  const { real, made } = await reconstructions(tokenizer, samples);
  const rows = [shownPixels(real, input), shownPixels(made, input), errorPixels(real, made, input)];
  const images = rows.flatMap((pixels) =>
    Array.from({ length: COUNT }, (_, frame) =>
      frameBytes({ height: size, width: size, frames: COUNT, pixels }, frame),
    ),
  );
  return contactSheet(images, COUNT);
}

/** Generated images: a row of trained combinations above a row of held-out ones, the same ones each time. */
export async function imageSheet(model: Model, dataset: MovingOpenMoji): Promise<RawImage> {
  const wishes = (["train", "heldOut"] as const).flatMap((split) => {
    const combinations = dataset.combinations.images[split];
    const order = new Rng(0).fork("samples", split).permutation(combinations.length);
    return Array.from(order.subarray(0, COUNT), (index, seed) => ({
      text: captionOf(combinations[index]),
      seed,
    }));
  });
  const pictures = await makePictures(model, wishes, { frames: 1, ...samplingOf(model, wishes[0]) });
  return contactSheet(
    pictures.map(({ clip }) => frameBytes(clip, 0)),
    COUNT,
  );
}
