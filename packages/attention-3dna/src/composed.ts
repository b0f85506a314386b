import { ensureGradients } from "@nuwa/tensor3d";
import * as tf from "@tensorflow/tfjs-core";
import { blockAttention, blockGradients } from "./block-attention.ts";
import type { AttentionBlocks } from "./blocks.ts";

export interface ComposedOptions {
  readonly blocks: AttentionBlocks;
  readonly scale: number;
  readonly offsetOf?: Int32Array;
}

/**
 * Attention by dense products of tfjs's own ops, for backends without fused kernels and for patterns that attend most
 * pairs. Differentiable to first order.
 *
 * @param inputs query, key, value `[b, heads, tokens, headDim]`, and the values of the bias if there is one
 */
export function composedAttention(inputs: readonly tf.Tensor[], options: ComposedOptions): tf.Tensor {
  ensureGradients();
  const { blocks, scale, offsetOf } = options;
  const run = tf.customGrad((...all) => {
    const save = all.pop() as tf.GradSaveFunc;
    const [q, k, v, biasValues] = all as tf.Tensor[];
    const { y, saved } = blockAttention(q, k, v, { blocks, scale, biasValues, offsetOf });
    save([...saved, y]);
    return {
      value: y,
      gradFunc: (dy: tf.Tensor, kept: tf.Tensor[]) => {
        const offsets = biasValues?.shape[1];
        return tf.tidy(() =>
          blockGradients(dy, kept, { blocks, scale, keyShape: k.shape, offsetOf, offsets }),
        );
      },
    };
  });
  return tf.tidy(() => run(...inputs));
}
