import type { OpenMojiSample } from "@nuwa/data";
import type { VqInput } from "@nuwa/vqgan";
import * as tf from "@tensorflow/tfjs-core";

/** What of a picture a tokenizer reads and writes: its colours, its line art's classes, or its segmentation's. */
export const TOKENIZER_INPUTS = ["pixels", "sketch", "segmentation"] as const;
export type TokenizerInput = (typeof TOKENIZER_INPUTS)[number];

/**
 * What a tokenizer reads of pictures: float32 `[b, size, size, 3]`, or int32 class maps `[b, size, size]`.
 *
 * @param classes the tokenizer's class of each class of the data's segmentations, where these differ
 */
export function inputTensor(
  samples: readonly Pick<OpenMojiSample, "size" | TokenizerInput>[],
  input: TokenizerInput,
  classes?: readonly number[],
): VqInput {
  const { size } = samples[0];
  if (input === "pixels") {
    const pixels = new Float32Array(samples.length * size * size * 3);
    for (const [index, sample] of samples.entries()) pixels.set(sample.pixels, index * size * size * 3);
    return tf.tensor4d(pixels, [samples.length, size, size, 3]);
  }
  const maps = new Int32Array(samples.length * size * size);
  for (const [index, sample] of samples.entries()) maps.set(sample[input], index * size * size);
  const mapped = input === "segmentation" && classes ? maps.map((value) => classes[value]) : maps;
  return tf.tensor3d(mapped, [samples.length, size, size], "int32");
}
