import type { MovingOpenMoji, Split } from "@nuwa/data";
import { Rng } from "@nuwa/tensor3d";
import type { VqModel } from "@nuwa/vqgan";
import * as tf from "@tensorflow/tfjs-core";
import { evaluatePictures } from "../evaluate-tokenizer/evaluate.ts";
import { trainedSet } from "../evaluate-tokenizer/picture-sets.ts";
import type { ImageTokenizer } from "../model/tokenizer-folder.ts";
import { drawPlace, placesPixels } from "./frame-source.ts";

/**
 * Peak signal-to-noise ratio in dB of reconstructions of `count` pictures, half of them frames of videos.
 * Pixels span 2 (from -1 to 1).
 */
export async function reconstructionPsnr(
  model: VqModel,
  dataset: MovingOpenMoji,
  split: Split,
  { count = 64, batch = 16, seed = 0 } = {},
): Promise<number> {
  const rng = new Rng(seed).fork("reconstruction", split);
  const { size } = dataset.config;
  let squares = 0;
  for (let done = 0; done < count; done += batch) {
    const places = Array.from({ length: Math.min(batch, count - done) }, () =>
      drawPlace(dataset, split, 0.5, rng),
    );
    const error = tf.tidy(() => {
      const pixels = tf.tensor4d(placesPixels(dataset, places), [places.length, size, size, 3]);
      return tf.sum(tf.square(tf.sub(model.reconstruct(pixels), pixels)));
    });
    squares += (await error.data())[0];
    error.dispose();
  }
  return 10 * Math.log10(4 / (squares / (count * size * size * 3)));
}

/** Pictures that quality is measured on while a tokenizer trains. */
const VALIDATION = 96;

/**
 * How a tokenizer does on pictures of combinations that training leaves out, the same ones each time: SSIM and PSNR, or
 * pixel accuracy and FWIoU, and the use of the codes.
 */
export async function validateTokenizer(
  tokenizer: Pick<ImageTokenizer, "model" | "input">,
  dataset: MovingOpenMoji,
  signal: AbortSignal,
): Promise<Record<string, number>> {
  const options = { count: VALIDATION, rng: new Rng(0).fork("validation"), signal, onProgress() {} };
  const { pictures, drawings, heldOutCombinations, ...figures } = await evaluatePictures(
    tokenizer,
    trainedSet(tokenizer, dataset),
    options,
  );
  const named = Object.entries(figures).filter(([, value]) => value !== undefined);
  return Object.fromEntries(named.map(([name, value]) => [`validation.${name}`, value]));
}
