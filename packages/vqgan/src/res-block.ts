import { Conv2d, gelu, LayerNorm, Linear, type Rng } from "@nuwa/tensor3d";
import * as tf from "@tensorflow/tfjs-core";

export interface ResBlockConfig {
  readonly channels: number;
  /** Height and width of the convolution's window. Default 3. */
  readonly kernel?: number;
}

/**
 * `x + W · gelu(conv(norm(x)))`. The norm is over the channels of each position, so what lies beyond the window
 * has no influence and codes move with the picture.
 */
export class ResBlock {
  readonly config: ResBlockConfig;
  readonly norm: LayerNorm;
  readonly conv: Conv2d;
  readonly project: Linear;

  constructor(config: ResBlockConfig, rng: Rng) {
    const { channels, kernel = 3 } = config;
    this.config = config;
    this.norm = new LayerNorm({ dim: channels });
    this.conv = new Conv2d({ inChannels: channels, outChannels: channels, kernel }, rng.fork("conv"));
    // Small, so that a fresh block is close to the identity.
    const std = 0.3 * channels ** -0.5;
    this.project = new Linear({ inFeatures: channels, outFeatures: channels }, rng.fork("project"), { std });
  }

  /** `[b, h, w, c]` -> the same. */
  apply(x: tf.Tensor4D): tf.Tensor4D {
    return tf.tidy(() => {
      const inner = gelu(this.conv.apply(this.norm.apply(x) as tf.Tensor4D));
      return tf.add(x, this.project.apply(inner)) as tf.Tensor4D;
    });
  }

  dispose(): void {
    this.norm.dispose();
    this.conv.dispose();
    this.project.dispose();
  }
}
