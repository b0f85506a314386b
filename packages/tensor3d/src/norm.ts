import * as tf from "@tensorflow/tfjs-core";
import { runFused } from "./fused-kernel.ts";
import { disposeParams, type Layer } from "./params.ts";
import { assertShape } from "./shape.ts";

export interface LayerNormConfig {
  readonly dim: number;
  /** Added to the variance. Default 1e-5. */
  readonly epsilon?: number;
}

/**
 * `(x - mean) / sqrt(variance + epsilon) * gain + offset` over the last axis.
 * Params: gain `[dim]`, from 1; offset `[dim]`, from 0.
 */
export class LayerNorm implements Layer {
  readonly config: LayerNormConfig;
  readonly params: { readonly gain: tf.Variable; readonly offset: tf.Variable };

  constructor(config: LayerNormConfig) {
    this.config = config;
    this.params = tf.tidy(() => ({
      gain: tf.variable(tf.ones([config.dim])),
      offset: tf.variable(tf.zeros([config.dim])),
    }));
  }

  /** `[..., dim]` -> `[..., dim]`. */
  apply(x: tf.Tensor): tf.Tensor {
    const { dim, epsilon = 1e-5 } = this.config;
    assertShape("LayerNorm x", x, ["...", dim]);
    return tf.tidy(() => {
      const rows = tf.reshape(x, [-1, dim]) as tf.Tensor2D; // [prod(lead), dim]
      return tf.reshape(layerNorm(rows, this.params.gain, this.params.offset, epsilon), x.shape);
    });
  }

  dispose(): void {
    disposeParams(this);
  }
}

/** Rows `[n, dim]`. One custom gradient: composed of tfjs's own it would take twice the passes over memory. */
function layerNorm(x: tf.Tensor2D, gain: tf.Tensor, offset: tf.Tensor, epsilon: number): tf.Tensor {
  const dim = x.shape[1];
  const run = tf.customGrad((...inputs) => {
    const [rows, scale, shift] = inputs as tf.Tensor[];
    const save = inputs[3] as unknown as tf.GradSaveFunc;
    const fused = runFused("layerNorm", { x: rows, gain: scale, offset: shift }, { epsilon });
    if (fused) {
      save([rows, scale]);
      const gradFunc = (dy: tf.Tensor, [given, gain]: tf.Tensor[]) =>
        tf.tidy(() => {
          const { normal, inverse } = normalise(given);
          return layerNormGradient(dy, [normal, inverse, gain]);
        });
      return { value: fused, gradFunc };
    }
    const { normal, inverse } = normalise(rows);
    save([normal, inverse, scale]);
    return { value: tf.add(tf.mul(normal, scale), shift), gradFunc: layerNormGradient };
  });
  return run(x, gain, offset);

  /** `normal` `[n, dim]` of mean 0 and variance 1, and what made it so, `inverse` `[n, 1]`. */
  function normalise(rows: tf.Tensor): { normal: tf.Tensor; inverse: tf.Tensor } {
    const centred = tf.sub(rows, tf.mean(rows, 1, true));
    const variance = tf.mean(tf.square(centred), 1, true);
    const inverse = tf.rsqrt(tf.add(variance, epsilon));
    return { normal: tf.mul(centred, inverse), inverse };
  }

  // With g = dy * gain: dx = (g - mean(g) - normal * mean(g * normal)) * inverse. The two means are
  // products with the gain as a column, so that g * normal is never formed.
  function layerNormGradient(dy: tf.Tensor, saved: tf.Tensor[]): tf.Tensor[] {
    return tf.tidy(() => {
      const [normal, inverse, scale] = saved;
      const column = tf.div(tf.reshape(scale, [dim, 1]), dim);
      const product = tf.mul(dy, normal);
      const meanG = tf.matMul(dy, column); // [n, 1]
      const meanGNormal = tf.matMul(product, column); // [n, 1]
      const correction = tf.add(tf.mul(normal, meanGNormal), meanG);
      const dx = tf.mul(tf.sub(tf.mul(dy, scale), correction), inverse);
      return [dx, tf.sum(product, 0), tf.sum(dy, 0)];
    });
  }
}
