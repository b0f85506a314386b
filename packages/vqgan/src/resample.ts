import { Linear, type Rng } from "@nuwa/tensor3d";
import * as tf from "@tensorflow/tfjs-core";

/**
 * Space to depth: `[b, h·p, w·p, c]` -> `[b, h, w, p·p·c]`, a patch's pixels in raster order.
 * Stays at rank 4, which every backend does right.
 */
export function patchify(x: tf.Tensor4D, patch: number): tf.Tensor4D {
  if (patch === 1) return tf.clone(x);
  const [batch, height, width, channels] = x.shape;
  const rows = height / patch;
  const columns = width / patch;
  return tf.tidy(() => {
    const split = tf.reshape(x, [batch * rows, patch, columns, patch * channels]);
    const joined = tf.transpose(split, [0, 2, 1, 3]); // [b·h, w, p, p·c]
    return tf.reshape(joined, [batch, rows, columns, patch * patch * channels]);
  });
}

/** Depth to space, the inverse of {@link patchify}: `[b, h, w, p·p·c]` -> `[b, h·p, w·p, c]`. */
export function unpatchify(x: tf.Tensor4D, patch: number): tf.Tensor4D {
  if (patch === 1) return tf.clone(x);
  const [batch, rows, columns, depth] = x.shape;
  const channels = depth / (patch * patch);
  return tf.tidy(() => {
    const split = tf.reshape(x, [batch * rows, columns, patch, patch * channels]);
    const spread = tf.transpose(split, [0, 2, 1, 3]); // [b·h, p, w, p·c]
    return tf.reshape(spread, [batch, rows * patch, columns * patch, channels]);
  });
}

export interface ResampleConfig {
  readonly inChannels: number;
  readonly outChannels: number;
  /** Pixels a side that become one, or that one becomes. */
  readonly factor: number;
}

/** One matrix product a patch, that is a convolution whose stride is its kernel's size. Param: `linear`. */
export class Downsample {
  readonly config: ResampleConfig;
  readonly linear: Linear;

  constructor(config: ResampleConfig, rng: Rng) {
    const { inChannels, outChannels, factor } = config;
    this.config = config;
    this.linear = new Linear({ inFeatures: inChannels * factor * factor, outFeatures: outChannels }, rng);
  }

  /** `[b, h·f, w·f, in]` -> `[b, h, w, out]`. */
  apply(x: tf.Tensor4D): tf.Tensor4D {
    return tf.tidy(() => this.linear.apply(patchify(x, this.config.factor)) as tf.Tensor4D);
  }

  dispose(): void {
    this.linear.dispose();
  }
}

/** A position becomes `factor` × `factor` positions by one matrix product. Param: `linear`. */
export class Upsample {
  readonly config: ResampleConfig;
  readonly linear: Linear;

  constructor(config: ResampleConfig, rng: Rng) {
    const { inChannels, outChannels, factor } = config;
    this.config = config;
    this.linear = new Linear({ inFeatures: inChannels, outFeatures: outChannels * factor * factor }, rng);
  }

  /** `[b, h, w, in]` -> `[b, h·f, w·f, out]`. */
  apply(x: tf.Tensor4D): tf.Tensor4D {
    return tf.tidy(() => unpatchify(this.linear.apply(x) as tf.Tensor4D, this.config.factor));
  }

  dispose(): void {
    this.linear.dispose();
  }
}
