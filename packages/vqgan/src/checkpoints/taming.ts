import { type HostTensor, type HostTensorData, NuwaError, readBack } from "@nuwa/tensor3d";
import * as tf from "@tensorflow/tfjs-core";
import type { TamingVqConfigInput } from "../config.ts";
import { VqModel } from "../model.ts";
import { tamingName } from "./taming-names.ts";
import { torchShape, toTorch } from "./torch-layout.ts";
import { assignWeights, CODEBOOK, hasNearestCodes, sharedParams, type Weight } from "./weights.ts";

/** What a checkpoint holds beside the tokenizer: the networks of its training loss, and a palette to show classes. */
const IGNORED = /^(loss\.|colorize$)/;

/**
 * A VQGAN of taming-transformers (`taming.models.vqgan.VQModel`) from its `state_dict`.
 *
 * Keys that begin with `loss.` (discriminator and perceptual network) and the buffer `colorize` are ignored; every
 * other key must be one of the architecture's.
 *
 * @param tensors by taming-transformers' keys, in PyTorch's layout, as `decodeSafetensors` gives them; copied
 * @param config with or without `architecture: "taming"`; the quantizer `"ema"` (default) or `"codebook"`
 * @throws NuwaError `CONFIG`; `CHECKPOINT` that lists every missing, unexpected and misshapen key
 */
export function importTaming(
  tensors: Readonly<Record<string, HostTensor>>,
  config: Omit<TamingVqConfigInput, "architecture"> & { readonly architecture?: "taming" },
): VqModel {
  const given = Object.fromEntries(Object.entries(tensors).filter(([name]) => !IGNORED.test(name)));
  const model = VqModel.create({ ...config, architecture: "taming" });
  try {
    if (!hasNearestCodes(model)) {
      const { kind } = model.config.quantizer;
      throw new NuwaError("CONFIG", `importTaming: wanted the quantizer "ema" or "codebook", got "${kind}".`);
    }
    assignWeights("importTaming", model, tamingWeights(model), given);
    return model;
  } catch (error) {
    model.dispose();
    throw error;
  }
}

/**
 * The weights of a model under taming-transformers' keys and in PyTorch's layout, for `encodeSafetensors`. There
 * `VQModel.load_state_dict(tensors, strict=False)` takes them. On the host: nothing to dispose.
 *
 * @throws NuwaError `INPUT` where the model is of another architecture, has no attention in the middle, or its codes are
 *   not nearest vectors
 */
export async function exportTaming(model: VqModel): Promise<Record<string, HostTensorData>> {
  const { config } = model;
  if (config.architecture !== "taming" || !hasNearestCodes(model)) {
    throw new NuwaError(
      "INPUT",
      'exportTaming: wanted a model of the architecture "taming" with the quantizer "ema" or "codebook", ' +
        `got "${config.architecture}" with "${config.quantizer.kind}".`,
    );
  }
  if (!config.middleAttention) {
    throw new NuwaError(
      "INPUT",
      "exportTaming: wanted attention in the middle, which taming-transformers always has, got middleAttention: false.",
    );
  }
  const params = tamingWeights(model);
  const tensors = tf.tidy(() =>
    params.map(({ key, variable }) => (key === CODEBOOK ? tf.clone(variable) : toTorch(variable))),
  );
  try {
    const values = await readBack(tensors);
    return Object.fromEntries(
      params.map(({ name }, index) => {
        return [name, { shape: tensors[index].shape, data: values[index].slice() }];
      }),
    );
  } finally {
    tf.dispose(tensors);
  }
}

function tamingWeights(model: VqModel): Weight[] {
  return sharedParams(model).map(({ key, variable }) => {
    const shape = key === CODEBOOK ? variable.shape : torchShape(variable.shape);
    return { key, variable, name: tamingName(key), shape };
  });
}
