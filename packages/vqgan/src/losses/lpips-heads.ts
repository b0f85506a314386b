import { type HostTensor, NuwaError } from "@nuwa/tensor3d";
import * as tf from "@tensorflow/tfjs-core";

/**
 * LPIPS's linear heads for `perceptualDistance`, from a record of its weights: `lin0.model.1.weight` `[1, c_0, 1, 1]` to
 * the last level. The caller disposes them.
 *
 * @returns `[c_l]` for each level l
 * @throws NuwaError `CHECKPOINT` that lists every missing, unexpected and misshapen key
 */
export function lpipsHeads(tensors: Readonly<Record<string, HostTensor>>): tf.Tensor1D[] {
  const count = Math.max(1, Object.keys(tensors).length);
  const keys = Array.from({ length: count }, (_, level) => `lin${level}.model.1.weight`);
  const problems: string[] = [];
  for (const key of keys) {
    if (!Object.hasOwn(tensors, key)) problems.push(`missing ${key}`);
    else {
      const { shape, data } = tensors[key];
      const fits =
        shape.length === 4 && shape[0] === 1 && shape[2] * shape[3] === 1 && data.length === shape[1];
      if (!fits) problems.push(`${key}: wanted [1, channels, 1, 1], got [${shape.join(", ")}]`);
    }
  }
  for (const key of Object.keys(tensors)) if (!keys.includes(key)) problems.push(`unexpected ${key}`);
  if (problems.length > 0) {
    throw new NuwaError(
      "CHECKPOINT",
      `lpipsHeads: ${problems.join("; ")}. Pass LPIPS's own lin0, lin1, ... and nothing else.`,
    );
  }
  return keys.map((key) => tf.tensor1d(Float32Array.from(tensors[key].data as ArrayLike<number>, Number)));
}
