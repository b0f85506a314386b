import { nextTask, type Rng, readBack } from "@nuwa/tensor3d";
import { downsampling } from "@nuwa/vqgan";
import * as tf from "@tensorflow/tfjs-core";
import type { ImageTokenizer } from "../model/tokenizer-folder.ts";
import { inputTensor } from "../model/tokenizer-input.ts";
import { CodeStatistics } from "./code-statistics.ts";
import type { Embedding } from "./embedding.ts";
import { drawPicture, nextPlace, type PicturePlace, type PictureSet } from "./pictures.ts";
import { type ClassFigures, classScore, type PixelFigures, pixelScore } from "./scores.ts";
import { StabilityScore } from "./stability.ts";

/** What a tokenizer makes of pictures of one kind: those of a tokenizer of pixels, or those of one of class maps. */
export type TokenizerFigures = CodeFigures & (PixelFigures | ClassFigures);

export interface CodeFigures {
  readonly pictures: number;
  /** Different drawings that the pictures are drawn from. */
  readonly drawings: number;
  readonly heldOutCombinations: boolean;
  /** The share of the codebook that the pictures use. */
  readonly usage: number;
  readonly perplexity: number;
  /** The share of codes, away from the border, that stay the same when the picture moves by a token. */
  readonly stability?: number;
}

export interface EvaluateOptions {
  /** How many pictures. */
  readonly count: number;
  readonly rng: Rng;
  /** Without it there is no Fréchet distance. */
  readonly embedding?: Embedding;
  /** Pictures at once. Default 32. */
  readonly batch?: number;
  readonly signal: AbortSignal;
  readonly onProgress: (done: number) => void;
}

/**
 * Evaluates a tokenizer on pictures drawn from a set, batch by batch: what is kept does not grow with their number.
 *
 * @throws the signal's reason once it aborts
 */
export async function evaluatePictures(
  tokenizer: Pick<ImageTokenizer, "model" | "input">,
  set: PictureSet,
  { count, rng, embedding, batch = 32, signal, onProgress }: EvaluateOptions,
): Promise<TokenizerFigures> {
  const { config } = tokenizer.model;
  const score = tokenizer.input === "pixels" ? pixelScore(embedding) : classScore(config.inChannels);
  const codes = new CodeStatistics(config.codebookSize);
  const stability = new StabilityScore();
  for (let done = 0; done < count; ) {
    const places = Array.from({ length: Math.min(batch, count - done) }, () =>
      nextPlace(set, downsampling(config), rng),
    );
    await addBatch(tokenizer, set, places, { score, codes, stability });
    done += places.length;
    onProgress(done);
    await nextTask();
    signal.throwIfAborted();
  }
  return {
    pictures: count,
    drawings: new Set(set.combinations.map(({ emoji }) => emoji)).size,
    heldOutCombinations: set.heldOut,
    ...score.figures(),
    usage: codes.usage(),
    perplexity: codes.perplexity(),
    stability: stability.share(),
  };
}

interface Sums {
  readonly score: ReturnType<typeof pixelScore> | ReturnType<typeof classScore>;
  readonly codes: CodeStatistics;
  readonly stability: StabilityScore;
}

async function addBatch(
  { model, input }: Pick<ImageTokenizer, "model" | "input">,
  set: PictureSet,
  places: readonly PicturePlace[],
  { score, codes, stability }: Sums,
): Promise<void> {
  const moving = places.flatMap(({ shift }, index) => (shift ? [{ index, shift }] : []));
  const held: tf.Tensor[] = [];
  const hold = <T extends tf.Tensor>(tensor: T): T => {
    held.push(tensor);
    return tensor;
  };
  const tensorOf = (chosen: readonly PicturePlace[], shifted?: number): tf.Tensor4D =>
    hold(
      inputTensor(
        chosen.map((place) => drawPicture(set, place, shifted)),
        input,
        set.classes,
      ),
    ) as tf.Tensor4D;
  try {
    const originals = tensorOf(places);
    const encoded = hold(model.encode(originals).codes); // [b, h, w]
    await score.add(originals, hold(model.reconstruct(originals)));
    const [before] = await readBack([encoded]);
    codes.add(before);
    if (moving.length === 0) return;
    const shifted = tensorOf(
      moving.map(({ index }) => places[index]),
      downsampling(model.config),
    );
    const [after] = await readBack([hold(model.encode(shifted).codes)]);
    const [, height, width] = encoded.shape;
    const gridOf = (all: ArrayLike<number>, picture: number): ArrayLike<number> =>
      (all as Int32Array).subarray(picture * height * width, (picture + 1) * height * width);
    for (const [row, { index, shift }] of moving.entries()) {
      stability.add(gridOf(before, index), gridOf(after, row), { height, width }, shift);
    }
  } finally {
    tf.dispose(held);
  }
}
