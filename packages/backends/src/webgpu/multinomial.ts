import { Rng } from "@nuwa/tensor3d";
import * as tf from "@tensorflow/tfjs-core";
import { replaceKernel } from "../repair/replace-kernel.ts";

interface Attributes {
  readonly numSamples: number;
  readonly seed: number;
  readonly normalized: boolean;
}

/** tfjs's shader always draws outcome 0 first. This draws argmax(logits + Gumbel noise), keyed by the seed. */
export function replaceMultinomial(): void {
  replaceKernel<{ logits: tf.Tensor2D }, Attributes>("webgpu", "Multinomial", ({ inputs, attributes }) => {
    const { numSamples, seed, normalized } = attributes;
    const [batch, outcomes] = inputs.logits.shape;
    const logits = normalized ? tf.log(inputs.logits) : inputs.logits;
    // tfjs gives Math.random() where the caller names no seed.
    const rng = new Rng(Number.isInteger(seed) ? seed : Math.floor(seed * 2 ** 32));
    const shape: [number, number, number] = [batch, numSamples, outcomes];
    const noise = tf.tensor(rng.gumbel(batch * numSamples * outcomes), shape);
    return tf.argMax(tf.add(tf.reshape(logits, [batch, 1, outcomes]), noise), 2); // [batch, numSamples]
  });
}
