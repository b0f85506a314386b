import { contactSheet, type ImageCombination, type OpenMojiSample, openMojiCredit } from "@nuwa/data";
import type { Rng } from "@nuwa/tensor3d";
import { downsampling } from "@nuwa/vqgan";
import { reconstructions } from "../model/reconstructions.ts";
import type { ImageTokenizer } from "../model/tokenizer-folder.ts";
import { errorPixels, shownPixels } from "../model/tokenizer-pixels.ts";
import { drawPicture, nextPlace, type PictureSet } from "./pictures.ts";

/** A tokenizer with the pictures that it is shown on. */
export interface SheetPart {
  readonly label: string;
  readonly tokenizer: ImageTokenizer;
  readonly trained: PictureSet;
  readonly unseen?: PictureSet;
  /** Draws the pictures. */
  readonly rng: Rng;
}

/** Pictures of each set. */
const COUNT = 6;

/** About so many screen pixels along a side of each. */
const TILE = 128;

/**
 * A PNG with three rows for each tokenizer: pictures, what it makes of them, and the absolute error (of class maps:
 * white where the class is wrong). Six pictures are of trained drawings; six of unseen ones, framed red.
 */
export async function reconstructionSheet(parts: readonly SheetPart[]): Promise<Uint8Array> {
  const tiles: Tile[] = [];
  let columns = COUNT;
  for (const part of parts) {
    const { trained, unseen } = part;
    const halves = [
      await tilesOf(part, trained, false),
      ...(unseen ? [await tilesOf(part, unseen, true)] : []),
    ];
    columns = Math.max(columns, halves.length * COUNT);
    for (let row = 0; row < 3; row++) tiles.push(...halves.flatMap((half) => half[row]));
  }
  return contactSheet(
    tiles.map(({ sample }) => sample),
    {
      columns,
      scale: Math.max(1, Math.round(TILE / tiles[0].sample.size)),
      marked: tiles.map(({ marked }) => marked),
      footer: openMojiCredit,
    },
  );
}

interface Tile {
  readonly sample: OpenMojiSample;
  readonly marked: boolean;
}

/** Three rows of tiles. */
async function tilesOf(
  { label, tokenizer, rng }: SheetPart,
  set: PictureSet,
  marked: boolean,
): Promise<Tile[][]> {
  const { model, input } = tokenizer;
  const draws = rng.fork(marked ? "unseen" : "trained");
  const samples = differentDrawings(set, draws).map((combination) =>
    drawPicture(set, nextPlace({ ...set, combinations: [combination] }, downsampling(model.config), draws)),
  );
  const { real, made } = await reconstructions(tokenizer, samples, set.classes);
  const values = real.length / COUNT;
  const rows = samples.map((sample, index) => {
    const one = real.subarray(index * values, (index + 1) * values);
    const other = made.subarray(index * values, (index + 1) * values);
    const tile = (pixels: Float32Array, caption: string): Tile => ({
      sample: { ...sample, pixels, caption },
      marked,
    });
    return [
      tile(shownPixels(one, input), marked ? `unseen: ${sample.attributes.emoji}` : sample.attributes.emoji),
      tile(shownPixels(other, input), label),
      tile(errorPixels(one, other, input), input === "pixels" ? "absolute error" : "wrong classes"),
    ];
  });
  return [0, 1, 2].map((row) => rows.map((tiles) => tiles[row]));
}

/** Combinations of as many drawings as there are; then some drawings come again. */
function differentDrawings({ combinations }: PictureSet, rng: Rng): ImageCombination[] {
  const order = Array.from(rng.permutation(combinations.length), (index) => combinations[index]);
  const first = [...new Map(order.map((combination) => [combination.emoji, combination])).values()];
  return Array.from({ length: COUNT }, (_, index) => first[index % first.length]);
}
