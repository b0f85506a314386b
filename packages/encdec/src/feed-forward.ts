import { disposeParams, gelu, Linear, type Rng } from "@nuwa/tensor3d";
import * as tf from "@tensorflow/tfjs-core";

/** `gelu(x W1 + b1) W2 + b2`. Params: `expand.{weight,bias}` `[dim, hidden]`, `contract.{weight,bias}` `[hidden, dim]`. */
export class FeedForward {
  readonly expand: Linear;
  readonly contract: Linear;

  constructor(
    { dim, hidden }: { dim: number; hidden: number },
    rng: Rng,
    init: { std: number; outputStd: number },
  ) {
    this.expand = new Linear({ inFeatures: dim, outFeatures: hidden }, rng.fork("expand"), { std: init.std });
    this.contract = new Linear({ inFeatures: hidden, outFeatures: dim }, rng.fork("contract"), {
      std: init.outputStd,
    });
  }

  /** `[..., dim]` -> `[..., dim]`. */
  apply(x: tf.Tensor): tf.Tensor {
    return tf.tidy(() => this.contract.apply(gelu(this.expand.apply(x))));
  }

  dispose(): void {
    disposeParams(this);
  }
}
