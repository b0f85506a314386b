import * as tf from "@tensorflow/tfjs-core";

/**
 * The values of tensors at the moment of the call: what is assigned to variables, and what is disposed, while
 * they are read does not count. Some backends keep the arrays: copy before you change one.
 */
export async function readBack(
  tensors: readonly tf.Tensor[],
): Promise<(Float32Array | Int32Array | Uint8Array)[]> {
  const held = tensors.map((tensor) => tf.keep(tf.clone(tensor)));
  try {
    const values = [];
    for (const tensor of held) values.push(await tensor.data());
    return values;
  } finally {
    tf.dispose(held);
  }
}
