import type { HostTensor } from "@nuwa/tensor3d";
import { VqModel } from "../model.ts";
import { type DiffusersVqConfig, fromDiffusersConfig } from "./diffusers-config.ts";
import { currentName, diffusersName } from "./diffusers-names.ts";
import { torchShape } from "./torch-layout.ts";
import { assignWeights, CODEBOOK, sharedParams } from "./weights.ts";

/**
 * A VQGAN from the weights of diffusers' `VQModel`: the architecture `"taming"` under other names. The quantizer is
 * `"ema"`. Attention layers may have their names of today (`to_q`, ...) or the older ones (`query`, ...).
 *
 * @param tensors by the keys of diffusers, in PyTorch's layout, as `decodeSafetensors` gives them; copied
 * @param config the `config.json` beside the weights
 * @throws NuwaError `CONFIG` that names every field of a value that is wrong or not supported, such as the norm
 *   `"spatial"`; `CHECKPOINT` that lists every missing, unexpected and misshapen key
 */
export function importDiffusers(
  tensors: Readonly<Record<string, HostTensor>>,
  config: DiffusersVqConfig,
): VqModel {
  const own = fromDiffusersConfig(config);
  const model = VqModel.create(own);
  try {
    const weights = sharedParams(model).map(({ key, variable }) => {
      return {
        key,
        variable,
        name: diffusersName(key, own.multipliers.length),
        shape: shapeOf(key, variable.shape),
      };
    });
    assignWeights("importDiffusers", model, weights, withCurrentNames(tensors));
    return model;
  } catch (error) {
    model.dispose();
    throw error;
  }
}

/** Matrices are 1×1 convolutions, but those of attention `[out, in]`. */
function shapeOf(key: string, shape: readonly number[]): number[] {
  if (key === CODEBOOK) return [...shape];
  return key.includes(".attention.") ? [...shape].reverse() : torchShape(shape);
}

/** Renames older keys, unless the name of today is there too. */
function withCurrentNames(tensors: Readonly<Record<string, HostTensor>>): Record<string, HostTensor> {
  const entries = Object.entries(tensors).map(([name, tensor]) => {
    const current = currentName(name);
    return [Object.hasOwn(tensors, current) ? name : current, tensor];
  });
  return Object.fromEntries(entries);
}
