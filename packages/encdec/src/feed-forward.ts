import { disposeParams, gelu, Linear, type Rng, runFused, silu } from "@nuwa/tensor3d";
import * as tf from "@tensorflow/tfjs-core";

export interface FeedForwardConfig {
  readonly dim: number;
  /** Features that `contract` reads. A gated one expands to twice as many: a gate and what it lets through. */
  readonly hidden: number;
  readonly kind: "gelu" | "geglu" | "swiglu";
}

/**
 * `gelu(x W1 + b1) W2 + b2`, or gated (Shazeer, arXiv 2002.05202): `(gelu(g) * v) W2 + b2` (geglu) or
 * `(silu(g) * v) W2 + b2` (swiglu), where `x W1 + b1` is `[g, v]`.
 *
 * Params: `expand.{weight,bias}` `[dim, hidden]`, gated `[dim, 2 * hidden]` with the gate's columns first;
 * `contract.{weight,bias}` `[hidden, dim]`. At the same `hidden` a gated one has half as many weights more.
 */
export class FeedForward {
  readonly config: FeedForwardConfig;
  readonly expand: Linear;
  readonly contract: Linear;

  /** @param init `outputStd`: deviation of the weights of `contract` as drawn */
  constructor(config: FeedForwardConfig, rng: Rng, { outputStd }: { outputStd: number }) {
    const { dim, hidden, kind } = config;
    const expand = { inFeatures: dim, outFeatures: kind === "gelu" ? hidden : 2 * hidden };
    this.config = config;
    this.expand = new Linear(expand, rng.fork("expand"));
    this.contract = new Linear({ inFeatures: hidden, outFeatures: dim }, rng.fork("contract"), {
      std: outputStd,
    });
  }

  /** `[..., dim]` -> `[..., dim]`. */
  apply(x: tf.Tensor): tf.Tensor {
    return tf.tidy(() => this.contract.apply(this.activate(this.expand.apply(x))));
  }

  /** The same without a gradient, in fewer passes where the backend can. */
  infer(x: tf.Tensor): tf.Tensor {
    if (this.config.kind !== "gelu") return this.apply(x);
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

  /** `[..., hidden]`, or gated `[..., 2 * hidden]`, -> `[..., hidden]`. */
  private activate(expanded: tf.Tensor): tf.Tensor {
    const { kind } = this.config;
    if (kind === "gelu") return gelu(expanded);
    const [gate, value] = tf.split(expanded, 2, expanded.rank - 1); // [..., hidden] each
    return tf.mul(kind === "geglu" ? gelu(gate) : silu(gate), value);
  }
}
