import { captionOf, type MovingOpenMoji } from "@nuwa/data";
import { Rng } from "@nuwa/tensor3d";
import type { VqModel } from "@nuwa/vqgan";
import * as tf from "@tensorflow/tfjs-core";
import { makePictures, samplingOf } from "../generate/pictures.ts";
import { contactSheet, frameBytes, type RawImage } from "../media/pixels.ts";
import type { Model } from "../model/model-folder.ts";
import { drawPlace, placesPixels } from "./frame-source.ts";

const COUNT = 8;

/** Real pictures of both splits above what the tokenizer makes of them, the same ones each time. */
export async function reconstructionSheet(model: VqModel, dataset: MovingOpenMoji): Promise<RawImage> {
  const rng = new Rng(0).fork("samples");
  const { size } = dataset.config;
  const places = Array.from({ length: COUNT }, (_, index) =>
    drawPlace(dataset, index < COUNT / 2 ? "train" : "heldOut", 0.5, rng),
  );
  const real = placesPixels(dataset, places);
  const remade = tf.tidy(() => model.reconstruct(tf.tensor4d(real, [COUNT, size, size, 3])));
  const pixels = (await remade.data().finally(() => remade.dispose())) as Float32Array;
  const clips = [real, pixels].map((all) => ({ height: size, width: size, frames: COUNT, pixels: all }));
  const images = clips.flatMap((clip) =>
    Array.from({ length: COUNT }, (_, frame) => frameBytes(clip, frame)),
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
