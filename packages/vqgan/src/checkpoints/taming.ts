import {
  checkHostTensors,
  type HostTensor,
  type HostTensorData,
  NuwaError,
  namedParams,
  readBack,
} from "@nuwa/tensor3d";
import * as tf from "@tensorflow/tfjs-core";
import type { TamingVqConfigInput } from "../config.ts";
import { VqModel } from "../model.ts";
import { tamingName } from "./taming-names.ts";
import { fromTorch, torchShape, toTorch } from "./torch-layout.ts";

/** What a checkpoint holds beside the tokenizer: the networks of its training loss, and a palette to show classes. */
const IGNORED = /^(loss\.|colorize$)/;
const CODEBOOK = "quantizer.codebook";

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
    const params = sharedParams(model);
    const wanted = params.map(({ name, key, variable: { shape, size } }) => {
      return [name, { shape: key === CODEBOOK ? shape : torchShape(shape), size }] as const;
    });
    checkHostTensors("importTaming", Object.fromEntries(wanted), given);
    for (const { name, key, variable } of params) {
      tf.tidy(() => {
        const { shape, data } = given[name];
        const values = data instanceof Float32Array ? data.slice() : Float32Array.from(data, Number);
        const tensor = tf.tensor(values, [...shape]);
        variable.assign(key === CODEBOOK ? tensor : fromTorch(tensor, variable.rank));
      });
    }
    startRunningMeans(model);
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
 * @throws NuwaError `INPUT` where the model is of another architecture, or its codes are not nearest vectors
 */
export async function exportTaming(model: VqModel): Promise<Record<string, HostTensorData>> {
  const { architecture, quantizer } = model.config;
  if (architecture !== "taming" || !hasNearestCodes(model)) {
    throw new NuwaError(
      "INPUT",
      'exportTaming: wanted a model of the architecture "taming" with the quantizer "ema" or "codebook", ' +
        `got "${architecture}" with "${quantizer.kind}".`,
    );
  }
  const params = sharedParams(model);
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

/** Whether a code stands for the nearest of freely placed vectors, as in taming-transformers. */
function hasNearestCodes({ config }: VqModel): boolean {
  return config.quantizer.kind === "ema" || config.quantizer.kind === "codebook";
}

/** What both hold: the networks and the codebook, not what our quantizer keeps for training. */
function sharedParams(model: VqModel): { key: string; name: string; variable: tf.Variable }[] {
  return Object.entries(namedParams(model))
    .filter(([key]) => key === CODEBOOK || !key.startsWith("quantizer."))
    .map(([key, variable]) => ({ key, name: tamingName(key), variable }));
}

/** Running counts, and the sums of `"ema"`, begin as if every code had been used once. */
function startRunningMeans(model: VqModel): void {
  const { [CODEBOOK]: codebook, "quantizer.counts": counts, "quantizer.sums": sums } = namedParams(model);
  tf.tidy(() => counts?.assign(tf.onesLike(counts)));
  sums?.assign(codebook);
}
