import { Conv2d, disposeParams, type Layer, type Rng, silu } from "@nuwa/tensor3d";
import * as tf from "@tensorflow/tfjs-core";

/** Channels of each level. */
export const levelChannels = [24, 48, 96, 128] as const;

/** Numbers of an embedding. */
export const embeddingDim = 128;

/** What training puts between a convolution and its activation; nothing otherwise. */
export type Between = (x: tf.Tensor4D, conv: Conv2d) => tf.Tensor4D;

const nothing: Between = (x) => x;

/**
 * Plain convolutions and SiLU. A window of 3 × 3 pixels comes first, then windows of 4 × 4 at every second position,
 * which count each position equally often. There is no normalization: a feature depends on its own window only.
 */
export class Network implements Layer {
  readonly levels: readonly Conv2d[];
  /** On the last level, and after the halving. */
  readonly residuals: readonly [Conv2d, Conv2d];
  readonly halving: Conv2d;

  constructor(rng: Rng) {
    this.levels = levelChannels.map((outChannels, level) => {
      const inChannels = level === 0 ? 3 : levelChannels[level - 1];
      const [kernel, stride] = level === 0 ? [3, 1] : [4, 2];
      return new Conv2d({ inChannels, outChannels, kernel, stride }, rng.fork("levels", level));
    });
    const channels = levelChannels[levelChannels.length - 1];
    const halving = { inChannels: channels, outChannels: embeddingDim, kernel: 4, stride: 2 };
    this.halving = new Conv2d(halving, rng.fork("halving"));
    const residual = (width: number, index: number) =>
      new Conv2d({ inChannels: width, outChannels: width, kernel: 3 }, rng.fork("residuals", index));
    this.residuals = [residual(channels, 0), residual(embeddingDim, 1)];
  }

  /** Pixels `[b, H, W, 3]`, H and W multiples of 8 -> level l `[b, H / 2^l, W / 2^l, levelChannels[l]]`. */
  features(pixels: tf.Tensor4D, between = nothing): tf.Tensor4D[] {
    return tf.tidy(() => {
      let x = pixels;
      const levels = this.levels.map((conv) => {
        x = silu(between(conv.apply(x), conv)); // [b, h, w, c]
        return x;
      });
      return [...levels.slice(0, -1), withResidual(x, this.residuals[0], between)];
    });
  }

  /** Pixels -> `[b, embeddingDim]`, means over all positions. */
  embed(pixels: tf.Tensor4D, between = nothing): tf.Tensor2D {
    return tf.tidy(() => {
      const last = this.features(pixels, between).at(-1) as tf.Tensor4D;
      const halved = silu(between(this.halving.apply(last), this.halving)); // [b, h/2, w/2, c]
      return tf.mean(withResidual(halved, this.residuals[1], between), [1, 2]) as tf.Tensor2D;
    });
  }

  dispose(): void {
    disposeParams(this);
  }
}

function withResidual(x: tf.Tensor4D, conv: Conv2d, between: Between): tf.Tensor4D {
  return tf.add(x, silu(between(conv.apply(x), conv)));
}
