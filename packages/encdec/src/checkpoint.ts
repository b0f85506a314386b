import { type HostTensor, loadParams, Rng, saveParams } from "@nuwa/tensor3d";
import type * as tf from "@tensorflow/tfjs-core";
import type { EncoderDecoderConfig } from "./config.ts";
import { EncoderDecoder } from "./model.ts";

/** What a model's folder holds: `config.json` and the tensors of a safetensors file. */
export interface SavedModel {
  readonly config: EncoderDecoderConfig;
  /** The model's own variables by property path: it keeps owning them. */
  readonly tensors: Record<string, tf.Tensor>;
}

/** A model's config and parameters, to be written with `encodeSafetensors`. */
export function saveModel(model: EncoderDecoder): SavedModel {
  return { config: model.config, tensors: saveParams(model) };
}

/**
 * The model that `saveModel` described.
 *
 * @throws NuwaError `CONFIG` for a bad config, `CHECKPOINT` that lists every key that does not fit
 */
export function loadModel({
  config,
  tensors,
}: {
  config: unknown;
  tensors: Record<string, HostTensor>;
}): EncoderDecoder {
  const model = EncoderDecoder.create(config as EncoderDecoderConfig, Rng.blank());
  try {
    loadParams(model, tensors);
    return model;
  } catch (error) {
    model.dispose();
    throw error;
  }
}
