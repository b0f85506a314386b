import {
  classColour,
  contactSheet,
  type ImageCombination,
  type OpenMojiSample,
  openMojiCredit,
} from "@nuwa/data";
import { type Rng, readBack } from "@nuwa/tensor3d";
import { downsampling } from "@nuwa/vqgan";
import * as tf from "@tensorflow/tfjs-core";
import type { ImageTokenizer, TokenizerInput } from "../model/tokenizer-folder.ts";
import { drawPicture, inputTensor, nextPlace, type PictureSet } from "./pictures.ts";

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
  { label, tokenizer: { model, input }, rng }: SheetPart,
  set: PictureSet,
  marked: boolean,
): Promise<Tile[][]> {
  const draws = rng.fork(marked ? "unseen" : "trained");
  const samples = differentDrawings(set, draws).map((combination) =>
    drawPicture(set, nextPlace({ ...set, combinations: [combination] }, downsampling(model.config), draws)),
  );
  const [real, remade] = await inputAndReconstruction();
  const values = real.length / COUNT;
  const rows = samples.map((sample, index) => {
    const one = real.subarray(index * values, (index + 1) * values);
    const other = remade.subarray(index * values, (index + 1) * values);
    const tile = (pixels: Float32Array, caption: string): Tile => ({
      sample: { ...sample, pixels, caption },
      marked,
    });
    return [
      tile(coloured(one, input), marked ? `unseen: ${sample.attributes.emoji}` : sample.attributes.emoji),
      tile(coloured(other, input), label),
      tile(errorPixels(one, other, input), input === "pixels" ? "absolute error" : "wrong classes"),
    ];
  });
  return [0, 1, 2].map((row) => rows.map((tiles) => tiles[row]));

  async function inputAndReconstruction() {
    const originals = inputTensor(set, samples, input) as tf.Tensor4D;
    const made = tf.tidy(() => model.reconstruct(originals));
    return readBack([originals, made]).finally(() => tf.dispose([originals, made]));
  }
}

/** Combinations of as many drawings as there are; then some drawings come again. */
function differentDrawings({ combinations }: PictureSet, rng: Rng): ImageCombination[] {
  const order = Array.from(rng.permutation(combinations.length), (index) => combinations[index]);
  const first = [...new Map(order.map((combination) => [combination.emoji, combination])).values()];
  return Array.from({ length: COUNT }, (_, index) => first[index % first.length]);
}

type Values = Float32Array | Int32Array | Uint8Array;

/** Pixels as they are; classes in colours, line art black on white. */
function coloured(values: Values, input: TokenizerInput): Float32Array {
  if (input === "pixels") return Float32Array.from(values);
  const pixels = new Float32Array(values.length * 3);
  for (let index = 0; index < values.length; index++) {
    const colour = input === "sketch" ? lineColour(values[index]) : classColour(values[index]);
    for (let channel = 0; channel < 3; channel++) pixels[index * 3 + channel] = colour[channel] / 127.5 - 1;
  }
  return pixels;
}

const lineColour = (line: number): readonly [number, number, number] =>
  line === 0 ? [255, 255, 255] : [0, 0, 0];

/** Black where nothing is wrong, white at the greatest error. */
function errorPixels(real: Values, remade: Values, input: TokenizerInput): Float32Array {
  const channels = input === "pixels" ? 1 : 3;
  const pixels = new Float32Array(real.length * channels);
  for (let index = 0; index < real.length; index++) {
    const error = Math.abs(real[index] - remade[index]);
    const value = input === "pixels" ? error - 1 : error === 0 ? -1 : 1;
    pixels.fill(value, index * channels, (index + 1) * channels);
  }
  return pixels;
}
