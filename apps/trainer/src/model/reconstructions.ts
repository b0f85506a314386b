import { readBack } from "@nuwa/tensor3d";
import * as tf from "@tensorflow/tfjs-core";
import type { ImageTokenizer } from "./tokenizer-folder.ts";
import { inputTensor } from "./tokenizer-input.ts";

/**
 * What a tokenizer reads of pictures and what it makes of them, one picture after another.
 *
 * @param classes as `inputTensor` takes them
 */
export async function reconstructions(
  { model, input }: Pick<ImageTokenizer, "model" | "input">,
  samples: Parameters<typeof inputTensor>[0],
  classes?: readonly number[],
) {
  const originals = inputTensor(samples, input, classes);
  try {
    const remade = model.reconstruct(originals);
    const [real, made] = await readBack([originals, remade]).finally(() => remade.dispose());
    return { real, made };
  } finally {
    tf.dispose(originals);
  }
}
