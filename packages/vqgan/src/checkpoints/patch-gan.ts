import { checkHostTensors, type HostTensor, namedParams } from "@nuwa/tensor3d";
import * as tf from "@tensorflow/tfjs-core";
import { PatchDiscriminator } from "../discriminator.ts";
import type { DiscriminatorConfig, DiscriminatorConfigInput } from "../discriminator-config.ts";
import { fromTorch, torchShape, toTorch } from "./torch-layout.ts";

/**
 * A discriminator from the weights of a PyTorch module whose `main` is the `Sequential` of convolutions, norms and
 * `LeakyReLU`s that pix2pix and taming-transformers build: `main.0`, then triples (pairs without norm), then the
 * last convolution. The norms have to be `GroupNorm`s and every convolution has to have a bias: weights that were
 * trained with BatchNorm do not fit.
 *
 * @throws NuwaError `CONFIG`; `CHECKPOINT` that lists every missing, extra and misshapen tensor
 */
export function importPatchGan(
  config: DiscriminatorConfigInput,
  tensors: Readonly<Record<string, HostTensor>>,
): PatchDiscriminator {
  const discriminator = PatchDiscriminator.create(config);
  try {
    const own = byTorchName(discriminator);
    const wanted = Object.entries(own).map(([name, { shape, size }]) => [
      name,
      { shape: torchShape(shape), size },
    ]);
    checkHostTensors("importPatchGan", Object.fromEntries(wanted), tensors);
    tf.tidy(() => {
      for (const [name, variable] of Object.entries(own)) {
        const { shape, data } = tensors[name];
        const values = tf.tensor(Float32Array.from(data as ArrayLike<number>, Number), [...shape]);
        variable.assign(fromTorch(values, variable.rank));
      }
    });
  } catch (error) {
    discriminator.dispose();
    throw error;
  }
  return discriminator;
}

/** The weights under PyTorch's names and in its layout, what {@link importPatchGan} reads. The caller disposes them. */
export function exportPatchGan(discriminator: PatchDiscriminator): Record<string, tf.Tensor> {
  const own = Object.entries(byTorchName(discriminator));
  return Object.fromEntries(own.map(([name, variable]) => [name, tf.tidy(() => toTorch(variable))]));
}

function byTorchName(discriminator: PatchDiscriminator): Record<string, tf.Variable> {
  const own = Object.entries(namedParams(discriminator));
  return Object.fromEntries(
    own.map(([name, variable]) => [patchGanName(name, discriminator.config), variable]),
  );
}

/** The name in PyTorch's `Sequential` of one of our keys: `blocks.1.norm.gain` -> `main.6.weight`. */
export function patchGanName(name: string, { layers, norm }: DiscriminatorConfig): string {
  const perBlock = norm === "group" ? 3 : 2;
  const parts = name.split(".");
  const kind = parts[parts.length - 1];
  const field = kind === "gain" ? "weight" : kind === "offset" ? "bias" : kind;
  if (parts[0] === "stem") return `main.0.${field}`;
  if (parts[0] === "head") return `main.${2 + perBlock * layers}.${field}`;
  return `main.${2 + perBlock * Number(parts[1]) + (parts[2] === "norm" ? 1 : 0)}.${field}`;
}
