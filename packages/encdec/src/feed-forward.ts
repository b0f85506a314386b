import { disposeParams, gelu, Linear, type Rng, runFused } from "@nuwa/tensor3d";
import * as tf from "@tensorflow/tfjs-core";

/** `gelu(x W1 + b1) W2 + b2`. Params: `expand.{weight,bias}` `[dim, hidden]`, `contract.{weight,bias}` `[hidden, dim]`. */
export class FeedForward {
  readonly expand: Linear;
  readonly contract: Linear;

  /** @param config `outputStd`: deviation of the weights of `contract` as drawn */
  constructor({ dim, hidden, outputStd }: { dim: number; hidden: number; outputStd: number }, rng: Rng) {
    const contract = { inFeatures: hidden, outFeatures: dim };
    this.expand = new Linear({ inFeatures: dim, outFeatures: hidden }, rng.fork("expand"));
    this.contract = new Linear(contract, rng.fork("contract"), { std: outputStd });
  }

  /** `[..., dim]` -> `[..., dim]`. */
  apply(x: tf.Tensor): tf.Tensor {
    return tf.tidy(() => this.contract.apply(gelu(this.expand.apply(x))));
  }

  /** The same without a gradient, in fewer passes where the backend can. */
  infer(x: tf.Tensor): tf.Tensor {
    const { weight, bias } = this.expand.params;
    return tf.tidy(() => {
      const rows = tf.reshape(x, [-1, x.shape.at(-1)!]);
      const hidden = runFused("linearGelu", { x: rows, weight, bias: bias! });
      return hidden ? tf.reshape(this.contract.apply(hidden), x.shape) : this.apply(x);
    });
  }

  dispose(): void {
    disposeParams(this);
  }
}
