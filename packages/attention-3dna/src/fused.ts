import { ensureGradients } from "@nuwa/tensor3d";
import * as tf from "@tensorflow/tfjs-core";
import { ATTENTION, ATTENTION_GRADIENT, type AttentionAttributes } from "./kernels/kernel.ts";

/**
 * Attention by the fused kernels of the current backend, differentiable to first order.
 *
 * @param inputs query, key, value, and the values of the bias if there is one
 */
export function fusedAttention(inputs: readonly tf.Tensor[], attributes: AttentionAttributes): tf.Tensor {
  ensureGradients();
  const attrs = attributes as unknown as tf.NamedAttrMap;
  const run = tf.customGrad((...all) => {
    const save = all.pop() as tf.GradSaveFunc;
    const named = namedInputs(all as tf.Tensor[]);
    const [y, ...saved] = tf.engine().runKernel(ATTENTION, named, attrs) as tf.Tensor[];
    save([...(all as tf.Tensor[]), ...saved]);
    return {
      value: y,
      gradFunc: (dy: tf.Tensor, kept: tf.Tensor[]) =>
        tf
          .engine()
          .runKernel(
            ATTENTION_GRADIENT,
            { ...namedInputs(kept.slice(0, inputs.length)), ...savedInput(kept[inputs.length]), dy },
            attrs,
          ) as tf.Tensor[],
    };
  });
  return tf.tidy(() => run(...inputs));
}

function namedInputs([query, key, value, bias]: readonly tf.Tensor[]): tf.NamedTensorMap {
  return bias ? { query, key, value, bias } : { query, key, value };
}

const savedInput = (saved: tf.Tensor | undefined): tf.NamedTensorMap => (saved ? { saved } : {});
