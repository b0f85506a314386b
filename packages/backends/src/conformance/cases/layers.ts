import {
  AdamW,
  AxialPositions,
  Conv2d,
  Embedding,
  gelu,
  LayerNorm,
  Linear,
  Rng,
  silu,
  sparseCrossEntropy,
  upsampleNearest2x,
} from "@nuwa/tensor3d";
import * as tf from "@tensorflow/tfjs-core";
import type { Cases } from "../case.ts";

const rng = new Rng(0);

/** Compositions and layers of tensor3d that the models are made of. */
export const layerCases: Cases = {
  "causal attention": (query, key, value) => {
    const [tokens, headDim] = query.shape.slice(-2);
    const scores = tf.mul(tf.matMul(query, key, false, true), headDim ** -0.5); // [b, heads, n, n]
    const place = tf.range(0, tokens, 1, "int32");
    const seen = tf.lessEqual(tf.reshape(place, [1, tokens]), tf.reshape(place, [tokens, 1]));
    const mask = tf.mul(tf.sub(1, tf.cast(seen, "float32")), -1e9);
    return tf.matMul(tf.softmax(tf.add(scores, mask)), value); // [b, heads, n, headDim]
  },
  "nearest codes": (z, codes) => nearestCodes(z, codes),
  "straight-through codes": (z, codes) => {
    let indices: tf.Tensor1D | undefined;
    const through = tf.customGrad((latents) => {
      indices = tf.keep(nearestCodes(latents as tf.Tensor, codes)); // off the tape: argMin has no gradient
      return { value: tf.gather(codes, indices), gradFunc: (dy: tf.Tensor) => dy };
    })(z);
    const loss = tf.mean(tf.squaredDifference(tf.gather(codes, indices!), z));
    indices!.dispose();
    return [through, loss];
  },
  "mean squared error": (x, y) => tf.mean(tf.squaredDifference(x, y)),
  "likelihood by one-hot": (logits, labels) => {
    const [, classes] = logits.shape;
    const own = tf.mul(tf.oneHot(labels, classes, 1, 0, "float32"), tf.logSoftmax(logits));
    return tf.neg(tf.mean(tf.sum(own, 1)));
  },
  Linear: (x, weight, bias) => {
    const [inFeatures, outFeatures] = weight.shape;
    return withParams(new Linear({ inFeatures, outFeatures }, rng), { weight, bias }).apply(x);
  },
  LayerNorm: (x, gain, offset) => withParams(new LayerNorm({ dim: gain.size }), { gain, offset }).apply(x),
  gelu: (x) => gelu(x),
  silu: (x) => silu(x),
  Embedding: (indices, weight) => {
    const [count, dim] = weight.shape;
    return withParams(new Embedding({ count, dim }, rng), { weight }).apply(indices);
  },
  Conv2d: (x, weight, bias) => {
    const [kernel, , inChannels, outChannels] = weight.shape;
    const layer = new Conv2d({ inChannels, outChannels, kernel, stride: 2 }, rng);
    return withParams(layer, { weight, bias }).apply(x);
  },
  AxialPositions: (height, width, frames) => {
    const [rows, dim] = height.shape;
    const grid = { height: rows, width: width.shape[0], frames: frames.shape[0] };
    const layer = new AxialPositions({ grid, dim }, rng);
    return withParams(layer, { height, width, frames }).apply();
  },
  sparseCrossEntropy: (logits, labels) => sparseCrossEntropy(logits, labels),
  upsampleNearest2x: (x) => upsampleNearest2x(x as tf.Tensor4D),
  "AdamW, 3 steps": (weight, bias, ...gradients) => {
    const params = { weight: tf.variable(weight), bias: tf.variable(bias) };
    const optimizer = new AdamW(params, {
      beta1: 0.8,
      beta2: 0.95,
      epsilon: 1e-6,
      weightDecay: 0.1,
      clipNorm: 1.5,
    });
    for (let step = 0; step < 3; step++) {
      optimizer.step({ weight: gradients[2 * step], bias: gradients[2 * step + 1] }, 0.05);
    }
    const moved = [tf.clone(params.weight), tf.clone(params.bias)];
    optimizer.dispose();
    tf.dispose(params);
    return moved;
  },
};

/** The lowest index of the code with the least squared distance: `[n, dim]`, `[count, dim]` -> int32 `[n]`. */
function nearestCodes(z: tf.Tensor, codes: tf.Tensor): tf.Tensor1D {
  const products = tf.mul(tf.matMul(z, codes, false, true), 2); // [n, count]
  const distances = tf.add(tf.sub(tf.sum(tf.square(z), 1, true), products), tf.sum(tf.square(codes), 1));
  return tf.argMin(distances, 1);
}

/** The layer with its parameters replaced by tensors of the case, so that their gradients can be asked for. */
function withParams<L extends { readonly params: object; dispose(): void }>(
  layer: L,
  params: Record<keyof L["params"], tf.Tensor>,
): L {
  layer.dispose();
  Object.assign(layer.params, params);
  return layer;
}
