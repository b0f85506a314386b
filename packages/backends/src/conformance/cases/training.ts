import {
  AdamW,
  Conv2d,
  disposeParams,
  gelu,
  LayerNorm,
  Linear,
  namedParams,
  Rng,
  sparseCrossEntropy,
  valueAndGradients,
} from "@nuwa/tensor3d";
import * as tf from "@tensorflow/tfjs-core";
import type { Cases } from "../case.ts";

const steps = 6;
const learningRate = 0.05;

/** A small network that learns: what the trainers do, in one case. */
export const trainingCases: Cases = {
  "training, 6 steps": (images, labels, ...initial) => {
    const network = createNetwork();
    const params = namedParams(network);
    for (const [index, param] of Object.values(params).entries()) param.assign(initial[index]);
    const optimizer = new AdamW(params, { beta2: 0.99, weightDecay: 0.1, clipNorm: 1 });
    const losses: tf.Tensor[] = [];
    for (let step = 0; step < steps; step++) {
      const { value, gradients } = valueAndGradients(() => {
        const errors = sparseCrossEntropy(logits(network, images), labels); // [b * h/2 * w/2]
        return { loss: tf.mean(errors) };
      }, params);
      optimizer.step(gradients, learningRate);
      losses.push(value.loss);
    }
    const results = [tf.stack(losses), ...Object.values(params).map((param) => tf.clone(param))];
    optimizer.dispose();
    disposeParams(network);
    return results;
  },
};

type Network = ReturnType<typeof createNetwork>;

/** Its parameters, in this order, are the ones that the oracle gives. */
function createNetwork() {
  const rng = new Rng(0);
  return {
    convolution: new Conv2d({ inChannels: 3, outChannels: 6, kernel: 3, stride: 2 }, rng),
    norm: new LayerNorm({ dim: 6 }),
    head: new Linear({ inFeatures: 6, outFeatures: 5 }, rng),
  };
}

/** `[b, h, w, 3]` -> `[b * h/2 * w/2, 5]`. */
function logits({ convolution, norm, head }: Network, images: tf.Tensor): tf.Tensor {
  const features = gelu(norm.apply(convolution.apply(images)));
  return tf.reshape(head.apply(features), [-1, 5]);
}
