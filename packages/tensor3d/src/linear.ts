import * as tf from "@tensorflow/tfjs-core";
import { addBias } from "./add-bias.ts";
import { matrixProduct } from "./matrix-product.ts";
import { disposeParams, type Layer } from "./params.ts";
import { type Rng, randomNormal } from "./rng.ts";
import { assertShape } from "./shape.ts";

export interface LinearConfig {
  readonly inFeatures: number;
  readonly outFeatures: number;
  /** Default true. */
  readonly bias?: boolean;
}

/** `y = x W + b` over the last axis. Params: weight `[in, out]`, bias `[out]` (unless `bias: false`). */
export class Linear implements Layer {
  readonly config: LinearConfig;
  readonly params: { readonly weight: tf.Variable; readonly bias?: tf.Variable };

  /** @param options `std` of the weight, default `inFeatures ** -0.5`; the bias starts at 0 */
  constructor(config: LinearConfig, rng: Rng, { std = config.inFeatures ** -0.5 }: { std?: number } = {}) {
    const { inFeatures, outFeatures, bias = true } = config;
    this.config = config;
    this.params = tf.tidy(() => {
      const weight = tf.variable(randomNormal([inFeatures, outFeatures], rng, { std }));
      return bias ? { weight, bias: tf.variable(tf.zeros([outFeatures])) } : { weight };
    });
  }

  /** `[...lead, in]` -> `[...lead, out]`. */
  apply(x: tf.Tensor): tf.Tensor {
    const { inFeatures, outFeatures } = this.config;
    const { weight, bias } = this.params;
    assertShape("Linear x", x, ["...", inFeatures]);
    return tf.tidy(() => {
      const rows = tf.reshape(x, [-1, inFeatures]) as tf.Tensor2D; // [prod(lead), in]
      const product = matrixProduct(rows, weight as tf.Tensor as tf.Tensor2D); // [prod(lead), out]
      const y = bias ? addBias(product, bias) : product;
      return tf.reshape(y, [...x.shape.slice(0, -1), outFeatures]);
    });
  }

  dispose(): void {
    disposeParams(this);
  }
}
