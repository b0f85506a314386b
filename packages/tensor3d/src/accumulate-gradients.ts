import * as tf from "@tensorflow/tfjs-core";
import { NuwaError } from "./errors.ts";
import { type ValueAndGradients, valueAndGradients } from "./gradient.ts";

type Tensors = Readonly<Record<string, tf.Tensor>>;

/**
 * `valueAndGradients` of a large batch by parts of equal size, one after the other, so that only one part's activations
 * are in memory: the means of what the parts give. Where `loss` is a mean over samples, they are those of the whole.
 *
 * @param count of the parts, at least 1
 * @param f of the index of a part. It returns a record of float32 tensors with a scalar `loss`, under the same keys
 *   and of the same shapes each time
 * @param params as for `valueAndGradients`, and `options` too
 * @throws NuwaError `INPUT` when `count` is no whole number from 1, or a part's record has other keys; and what
 *   `valueAndGradients` throws
 */
export function accumulateGradients<Value extends { readonly loss: tf.Tensor }>(
  count: number,
  f: (index: number) => Value,
  params: Tensors,
  options: { allowUnused?: boolean } = {},
): ValueAndGradients<Value> {
  if (!(Number.isInteger(count) && count >= 1)) {
    throw new NuwaError("INPUT", `accumulateGradients: wanted a whole number of parts from 1, got ${count}.`);
  }
  const part = (index: number) => valueAndGradients(() => f(index), params, options);
  if (count === 1) return part(0);
  return tf.tidy(() => {
    let { value, gradients } = part(0) as ValueAndGradients<Tensors & { loss: tf.Tensor }>;
    for (let index = 1; index < count; index++) {
      const next = part(index);
      value = added(value, next.value as unknown as Tensors) as typeof value;
      gradients = added(gradients, next.gradients);
    }
    return { value: divided(value, count), gradients: divided(gradients, count) } as never;
  });
}

/** The sums, in place of the terms. */
function added(sums: Tensors, terms: Tensors): Record<string, tf.Tensor> {
  const [wanted, got] = [sums, terms].map((tensors) => Object.keys(tensors).join(", "));
  if (wanted !== got) {
    throw new NuwaError("INPUT", `accumulateGradients: wanted ${wanted} from each part, got ${got}.`);
  }
  const next = Object.entries(sums).map(([key, sum]) => {
    const total = tf.add(sum, terms[key]);
    tf.dispose([sum, terms[key]]);
    return [key, total];
  });
  return Object.fromEntries(next);
}

const divided = (sums: Tensors, count: number): Record<string, tf.Tensor> =>
  Object.fromEntries(Object.entries(sums).map(([key, sum]) => [key, tf.div(sum, count)]));
