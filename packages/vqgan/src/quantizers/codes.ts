import { NuwaError } from "@nuwa/tensor3d";
import * as tf from "@tensorflow/tfjs-core";

/** @throws NuwaError `INPUT` unless the codes are int32 */
export function assertCodes(where: string, codes: tf.Tensor): void {
  if (codes.dtype === "int32") return;
  throw new NuwaError("INPUT", `${where} codes: wanted int32, got ${codes.dtype}. Cast them.`);
}

/** `[...]` -> `[n]`. */
export function flat(codes: tf.Tensor): tf.Tensor1D {
  return tf.reshape(codes, [-1]) as tf.Tensor1D;
}

/** `[..., dim]` -> `[n, dim]`. */
export function rowsOf(latents: tf.Tensor): tf.Tensor2D {
  return tf.reshape(latents, [-1, latents.shape[latents.rank - 1]]);
}

/** The rows of a codebook `[codeCount, dim]` that codes int32 `[...]` name, `[..., dim]`. */
export function lookUp(codebook: tf.Tensor, codes: tf.Tensor): tf.Tensor {
  const rows = tf.gather(codebook, flat(codes)); // [n, dim]
  return tf.reshape(rows, [...codes.shape, codebook.shape[1]!]);
}
