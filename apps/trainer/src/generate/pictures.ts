import { type Condition, generateBatch, type KnownTokens, type SamplerOptions } from "@nuwa/encdec";
import { type Grid, tokenCount } from "@nuwa/tensor3d";
import { codeGrid } from "@nuwa/vqgan";
import * as tf from "@tensorflow/tfjs-core";
import type { Clip } from "../media/pixels.ts";
import { framesOf, type Model } from "../model/model-folder.ts";

/** One picture to make: from a text, or from nothing. */
export interface Wish {
  /** Left out: the condition "None". */
  readonly text?: string;
  /** Decides the draws. */
  readonly seed: number;
  /** Codes of a video's first frames, `[frames * tokens]`. All wishes of a call have equally many, or none. */
  readonly known?: Int32Array;
}

export interface PictureOptions {
  /** 1 for images. */
  readonly frames: number;
  readonly sampler?: Omit<SamplerOptions, "seed">;
  readonly guidance?: number;
  readonly signal?: AbortSignal;
  /** Pictures decoded so far, by parts of a picture. */
  readonly onProgress?: (done: number) => void;
  /** Pictures decoded at once. Default 16. */
  readonly batch?: number;
}

/** What came of a wish. */
export interface Picture {
  readonly clip: Clip;
  readonly codes: Int32Array;
}

/** The sampling of a model's config for a wish, as far as options do not say otherwise. */
export function samplingOf(
  { sampling: { prediction, ...usual } }: Pick<Model, "sampling">,
  wish: Pick<Wish, "text">,
  options: Partial<Model["sampling"]> = {},
): Pick<PictureOptions, "sampler" | "guidance"> {
  const given = Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
  const { guidance, ...sampler } = { ...usual, ...(wish.text === undefined && prediction), ...given };
  return { sampler, guidance };
}

/** The grid of codes of an image (1 frame) or of a video. */
export function gridOf(model: Pick<Model, "tokenizer">, frames: number): Grid {
  return { ...codeGrid(model.tokenizer.config), frames };
}

/** Frames of the longest video that the model makes. */
export const mostFrames = (model: Pick<Model, "data">): number => framesOf(model);

/**
 * Makes pictures, some at a time. A picture depends on its own wish only, not on its neighbours.
 *
 * @throws NuwaError `INPUT` for texts that the model cannot read
 */
export async function makePictures(
  model: Model,
  wishes: readonly Wish[],
  { frames, sampler, guidance, signal, onProgress, batch = 16 }: PictureOptions,
): Promise<Picture[]> {
  const grid = gridOf(model, frames);
  const conditions = wishes.map(({ text }) => conditionOf(model, text));
  const pictures: Picture[] = [];
  for (let first = 0; first < wishes.length; first += batch) {
    const part = wishes.slice(first, first + batch);
    const codes = await generateBatch(model.transformer, {
      conditions: conditions.slice(first, first + batch),
      grid,
      known: knownOf(part, grid),
      seeds: part.map(({ seed }) => seed),
      sampler,
      guidance,
      signal,
      onStep: ({ step, steps }) => onProgress?.(first + (part.length * step) / steps),
    });
    const clips = await decodeCodes(model, codes, grid);
    for (const [index, clip] of clips.entries()) pictures.push({ clip, codes: codes[index] });
  }
  return pictures;
}

/** Codes of pictures, each `[frames * tokens]` -> their pixels. */
export async function decodeCodes(
  { tokenizer }: Pick<Model, "tokenizer">,
  codes: readonly Int32Array[],
  grid: Grid,
): Promise<Clip[]> {
  const { height, width, frames } = grid;
  const clips: Clip[] = [];
  for (const own of codes) {
    const pixels = tf.tidy(() => tokenizer.decode(tf.tensor3d(own, [frames, height, width], "int32")));
    const [, rows, columns] = pixels.shape;
    clips.push({ height: rows, width: columns, frames, pixels: (await pixels.data()) as Float32Array });
    pixels.dispose();
  }
  return clips;
}

/** Pixels of frames, `[frames, height, width, 3]` -> their codes, `[frames * tokens]`. */
export async function encodeClip({ tokenizer }: Pick<Model, "tokenizer">, clip: Clip): Promise<Int32Array> {
  const { height, width, frames, pixels } = clip;
  const codes = tf.tidy(() => tokenizer.encode(tf.tensor4d(pixels, [frames, height, width, 3])).codes);
  return (await codes.data().finally(() => codes.dispose())) as Int32Array;
}

const conditionOf = ({ captions }: Model, text: string | undefined): Condition =>
  text === undefined ? { kind: "none" } : { kind: "text", tokens: captions.encode(text) };

function knownOf(wishes: readonly Wish[], grid: Grid): { mask: Uint8Array; codes: Int32Array[] } | undefined {
  if (!wishes[0].known) return undefined;
  const mask: KnownTokens["mask"] = new Uint8Array(tokenCount(grid)).fill(1, 0, wishes[0].known.length);
  const codes = wishes.map(({ known }) => {
    const all = new Int32Array(tokenCount(grid));
    all.set(known!);
    return all;
  });
  return { mask, codes };
}
