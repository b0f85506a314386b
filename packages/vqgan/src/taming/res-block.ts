import { Conv2d, GroupNorm, Linear, type Rng, silu } from "@nuwa/tensor3d";
import * as tf from "@tensorflow/tfjs-core";
import { GROUPS } from "./config.ts";

export interface TamingResBlockConfig {
  readonly inChannels: number;
  readonly outChannels: number;
}

/** The norm of taming-transformers: 32 groups, ε = 1e-6. */
export function groupNorm(channels: number): GroupNorm {
  return new GroupNorm({ groups: GROUPS, channels, epsilon: 1e-6 });
}

/**
 * `shortcut(x) + conv(silu(norm(conv(silu(norm(x))))))` with 3×3 convolutions; the shortcut is a matrix where the
 * widths differ, else the identity.
 */
export class TamingResBlock {
  readonly config: TamingResBlockConfig;
  readonly norm1: GroupNorm;
  readonly conv1: Conv2d;
  readonly norm2: GroupNorm;
  readonly conv2: Conv2d;
  readonly shortcut?: Linear;

  constructor(config: TamingResBlockConfig, rng: Rng) {
    const { inChannels, outChannels } = config;
    this.config = config;
    this.norm1 = groupNorm(inChannels);
    this.conv1 = new Conv2d({ inChannels, outChannels, kernel: 3 }, rng.fork("conv1"));
    this.norm2 = groupNorm(outChannels);
    // Small, so that a fresh block is close to its shortcut.
    const std = 0.3 * (9 * outChannels) ** -0.5;
    this.conv2 = new Conv2d({ inChannels: outChannels, outChannels, kernel: 3 }, rng.fork("conv2"), { std });
    if (inChannels !== outChannels) {
      this.shortcut = new Linear({ inFeatures: inChannels, outFeatures: outChannels }, rng.fork("shortcut"));
    }
  }

  /** `[b, h, w, in]` -> `[b, h, w, out]`. */
  apply(x: tf.Tensor4D): tf.Tensor4D {
    return tf.tidy(() => {
      const inner = this.conv1.apply(silu(this.norm1.apply(x)));
      const outer = this.conv2.apply(silu(this.norm2.apply(inner)));
      return tf.add(this.shortcut ? this.shortcut.apply(x) : x, outer) as tf.Tensor4D;
    });
  }

  dispose(): void {
    for (const layer of [this.norm1, this.conv1, this.norm2, this.conv2, this.shortcut]) layer?.dispose();
  }
}
