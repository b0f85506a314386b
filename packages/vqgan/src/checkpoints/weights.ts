import { checkHostTensors, type HostTensor, namedParams } from "@nuwa/tensor3d";
import * as tf from "@tensorflow/tfjs-core";
import type { VqModel } from "../model.ts";
import { fromTorch } from "./torch-layout.ts";

export const CODEBOOK = "quantizer.codebook";

/** A parameter of ours, and the tensor of a foreign checkpoint that holds it. */
export interface Weight {
  readonly key: string;
  readonly variable: tf.Variable;
  /** The foreign key and shape. */
  readonly name: string;
  readonly shape: number[];
}

/** Whether a code stands for the nearest of freely placed vectors, as in the checkpoints of others. */
export function hasNearestCodes({ config }: VqModel): boolean {
  return config.quantizer.kind === "ema" || config.quantizer.kind === "codebook";
}

/** What checkpoints of others hold: the networks and the codebook, not what our quantizer keeps for training. */
export function sharedParams(model: VqModel): { key: string; variable: tf.Variable }[] {
  return Object.entries(namedParams(model))
    .filter(([key]) => key === CODEBOOK || !key.startsWith("quantizer."))
    .map(([key, variable]) => ({ key, variable }));
}

/**
 * Fills a model with nearest codes from tensors in PyTorch's layout.
 *
 * @throws NuwaError `CHECKPOINT` that lists every missing, unexpected and misshapen key
 */
export function assignWeights(
  where: string,
  model: VqModel,
  weights: readonly Weight[],
  tensors: Readonly<Record<string, HostTensor>>,
): void {
  const wanted = weights.map(({ name, shape, variable: { size } }) => [name, { shape, size }] as const);
  checkHostTensors(where, Object.fromEntries(wanted), tensors);
  for (const { name, key, variable } of weights) {
    tf.tidy(() => {
      const { shape, data } = tensors[name];
      const values = data instanceof Float32Array ? data.slice() : Float32Array.from(data, Number);
      const tensor = tf.tensor(values, [...shape]);
      variable.assign(key === CODEBOOK ? tensor : fromTorch(tensor, variable.rank));
    });
  }
  startRunningMeans(model);
}

/** Running counts, and the sums of `"ema"`, begin as if every code had been used once. */
function startRunningMeans(model: VqModel): void {
  const { [CODEBOOK]: codebook, "quantizer.counts": counts, "quantizer.sums": sums } = namedParams(model);
  tf.tidy(() => counts?.assign(tf.onesLike(counts)));
  sums?.assign(codebook);
}
