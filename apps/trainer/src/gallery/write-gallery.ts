import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { MovingOpenMoji, Split } from "@nuwa/data";
import { captionOf } from "@nuwa/data";
import { Rng } from "@nuwa/tensor3d";
import * as tf from "@tensorflow/tfjs-core";
import type { DemoResults } from "../demo/results.ts";
import type { Evaluation, MadeItem } from "../evaluate/evaluate.ts";
import { replaceFolder } from "../files/replace-folder.ts";
import { dataUri, encodeAnimation, encodePng } from "../media/encode.ts";
import { type Clip, frameBytes } from "../media/pixels.ts";
import { LICENSE_TEXT } from "../model/license.ts";
import { drawPlace, placesPixels } from "../train/frame-source.ts";
import type { TrainedRun } from "../train/train.ts";
import { type GalleryTiles, galleryPage } from "./gallery-page.ts";
import type { Tile } from "./page.ts";

export interface GalleryContent {
  readonly results: DemoResults;
  readonly trained: Pick<TrainedRun, "data" | "tokenizer">;
  readonly evaluation: Evaluation;
}

/** Pictures of each kind that the page shows; all of them are judged. */
const SHOWN = { reconstructions: 8, images: 21, predictions: 9, videos: 14 };

/** Writes `index.html`, `results.json` and `LICENSE.txt`, all or none. @throws NuwaError `FILE` */
export async function writeGallery(
  path: string,
  { results, trained, evaluation }: GalleryContent,
): Promise<void> {
  const tiles: GalleryTiles = {
    reconstructions: await reconstructionTiles(trained),
    images: await bothSplits(evaluation.images, SHOWN.images, imageTile),
    predictions: await bothSplits(evaluation.predictions, SHOWN.predictions, predictionTile),
    videos: await bothSplits(evaluation.videos, SHOWN.videos, videoTile),
  };
  await replaceFolder(path, ["results.json"], async (folder) => {
    await writeFile(join(folder, "index.html"), galleryPage(results, tiles));
    await writeFile(join(folder, "results.json"), `${JSON.stringify(results, null, 2)}\n`);
    await writeFile(join(folder, "LICENSE.txt"), LICENSE_TEXT);
  });
}

async function bothSplits(
  items: Readonly<Record<Split, readonly MadeItem[]>>,
  most: number,
  toTile: (item: MadeItem) => Promise<Tile>,
): Promise<Record<Split, Tile[]>> {
  const of = (split: Split) => Promise.all(items[split].slice(0, most).map(toTile));
  return { train: await of("train"), heldOut: await of("heldOut") };
}

async function imageTile({ clip, caption, split }: MadeItem): Promise<Tile> {
  return { pictures: [{ source: await still(clip) }], caption, heldOut: split === "heldOut" };
}

async function videoTile({ clip, caption, split }: MadeItem): Promise<Tile> {
  return { pictures: [{ source: await animation(clip) }], caption, heldOut: split === "heldOut" };
}

async function predictionTile({ clip, continued, caption, split }: MadeItem): Promise<Tile> {
  const { real, given } = continued!;
  const pictures = [
    { source: await animation(clip), label: "continuation" },
    { source: await animation(real), label: "real" },
  ];
  const all = await Promise.all(Array.from({ length: clip.frames }, (_, frame) => still(clip, frame)));
  const frames = { given: all.slice(0, given), predicted: all.slice(given) };
  return { pictures, frames, caption, heldOut: split === "heldOut" };
}

/** Real pictures of both splits beside what the tokenizer makes of them. */
async function reconstructionTiles({ data, tokenizer }: GalleryContent["trained"]): Promise<Tile[]> {
  const { dataset } = data;
  const rng = new Rng(0).fork("gallery");
  const planned = (["train", "heldOut"] as const).flatMap((split) =>
    Array.from({ length: SHOWN.reconstructions / 2 }, () => ({
      split,
      place: drawPlace(dataset, split, 0, rng),
    })),
  );
  const pixels = placesPixels(
    dataset,
    planned.map(({ place }) => place),
  );
  const { size } = dataset.config;
  const remade = tf.tidy(() => tokenizer.reconstruct(tf.tensor4d(pixels, [planned.length, size, size, 3])));
  const remadePixels = (await remade.data().finally(() => remade.dispose())) as Float32Array;
  return Promise.all(
    planned.map(async ({ split, place }, index) => ({
      pictures: [
        { source: await still(frameOf(dataset, pixels, index)), label: "real" },
        { source: await still(frameOf(dataset, remadePixels, index)), label: "reconstructed" },
      ],
      caption: captionOf(place.combination),
      heldOut: split === "heldOut",
    })),
  );
}

function frameOf(dataset: MovingOpenMoji, pixels: Float32Array, index: number): Clip {
  const { size } = dataset.config;
  const length = size * size * 3;
  return {
    height: size,
    width: size,
    frames: 1,
    pixels: pixels.subarray(index * length, (index + 1) * length),
  };
}

const still = async (clip: Clip, frame = 0): Promise<string> =>
  dataUri(await encodePng(frameBytes(clip, frame)), "png");

const animation = async (clip: Clip): Promise<string> => dataUri(await encodeAnimation(clip, "webp"), "webp");
