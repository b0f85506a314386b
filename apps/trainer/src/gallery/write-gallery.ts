import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Split } from "@nuwa/data";
import type { DemoResults } from "../demo/results.ts";
import type { Evaluation, MadeItem } from "../evaluate/evaluate.ts";
import { replaceFolder } from "../files/replace-folder.ts";
import { dataUri, encodeAnimation, encodePng } from "../media/encode.ts";
import { type Clip, frameBytes } from "../media/pixels.ts";
import { LICENSE_TEXT } from "../model/license.ts";
import type { TrainedRun } from "../train/train.ts";
import { type GalleryTiles, galleryPage } from "./gallery-page.ts";
import type { Tile } from "./page.ts";
import { reconstructionTiles } from "./reconstruction-tiles.ts";

export interface GalleryContent {
  readonly results: DemoResults;
  readonly trained: Pick<TrainedRun, "data" | "tokenizer">;
  readonly evaluation: Evaluation;
}

/** Pictures of each kind that the page shows; all of them are judged. */
const SHOWN = { images: 21, predictions: 9, videos: 14 };

/** Writes `index.html`, `results.json` and `LICENSE.txt`, all or none. @throws NuwaError `FILE` */
export async function writeGallery(
  path: string,
  { results, trained, evaluation }: GalleryContent,
): Promise<void> {
  const tiles: GalleryTiles = {
    reconstructions: await reconstructionTiles(
      { model: trained.tokenizer, input: "pixels" },
      trained.data.dataset,
    ),
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

const still = async (clip: Clip, frame = 0): Promise<string> =>
  dataUri(await encodePng(frameBytes(clip, frame)), "png");

const animation = async (clip: Clip): Promise<string> => dataUri(await encodeAnimation(clip, "webp"), "webp");
