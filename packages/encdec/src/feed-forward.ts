import { disposeParams, gelu, Linear, type Rng } from "@nuwa/tensor3d";
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

  dispose(): void {
    disposeParams(this);
  }
}
