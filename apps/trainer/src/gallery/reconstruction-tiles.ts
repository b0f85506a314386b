import { captionOf, type MovingOpenMoji } from "@nuwa/data";
import { Rng } from "@nuwa/tensor3d";
import { dataUri, encodePng } from "../media/encode.ts";
import { frameBytes } from "../media/pixels.ts";
import { reconstructions } from "../model/reconstructions.ts";
import type { ImageTokenizer } from "../model/tokenizer-folder.ts";
import { errorPixels, shownPixels } from "../model/tokenizer-pixels.ts";
import { drawPlace, placeSample } from "../train/frame-source.ts";
import type { Tile } from "./page.ts";

/** Pictures of each split. */
const COUNT = 4;

/** Real pictures of both splits, what the tokenizer makes of them, and the absolute error. */
export async function reconstructionTiles(
  tokenizer: Pick<ImageTokenizer, "model" | "input">,
  dataset: MovingOpenMoji,
): Promise<Tile[]> {
  const rng = new Rng(0).fork("gallery");
  const planned = (["train", "heldOut"] as const).flatMap((split) =>
    Array.from({ length: COUNT }, () => ({ split, place: drawPlace(dataset, split, 0, rng) })),
  );
  const samples = planned.map(({ place }) => placeSample(dataset, place));
  const { input } = tokenizer;
  const { real, made } = await reconstructions(tokenizer, samples);
  const { size } = dataset.config;
  const shown = {
    real: shownPixels(real, input),
    reconstructed: shownPixels(made, input),
    error: errorPixels(real, made, input),
  };
  return Promise.all(
    planned.map(async ({ split, place }, frame) => {
      const pictures = Object.entries(shown).map(async ([label, pixels]) => {
        const clip = { height: size, width: size, frames: planned.length, pixels };
        return { source: dataUri(await encodePng(frameBytes(clip, frame)), "png"), label };
      });
      return {
        pictures: await Promise.all(pictures),
        caption: captionOf(place.combination),
        heldOut: split === "heldOut",
      };
    }),
  );
}
