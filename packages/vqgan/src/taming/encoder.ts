import { Conv2d, type GroupNorm, Linear, type Rng, silu } from "@nuwa/tensor3d";
import * as tf from "@tensorflow/tfjs-core";
import { levelsOf, type TamingNetworkConfig } from "./config.ts";
import { Level, Middle } from "./level.ts";
import { groupNorm } from "./res-block.ts";

/**
 * The encoder of taming-transformers' VQGAN (Esser et al., arXiv 2012.09841) with its `quant_conv`: a 3×3 convolution,
 * levels of residual and attention blocks with a halving in between, the middle, norm, convolution and a projection to
 * the codebook's space.
 */
export class TamingEncoder {
  readonly config: TamingNetworkConfig;
  readonly stem: Conv2d;
  readonly levels: readonly Level[];
  /** Between the levels: one fewer. */
  readonly downsample: readonly Conv2d[];
  readonly middle: Middle;
  readonly norm: GroupNorm;
  readonly head: Conv2d;
  readonly project: Linear;

  constructor(config: TamingNetworkConfig, rng: Rng) {
    const { inChannels, channels, blocks, latentDim, embeddingDim } = config;
    const levels = levelsOf(config);
    const last = levels[levels.length - 1].width;
    this.config = config;
    this.stem = new Conv2d({ inChannels, outChannels: channels, kernel: 3 }, rng.fork("stem"));
    this.levels = levels.map(({ width, attends }, level) => {
      const from = level === 0 ? channels : levels[level - 1].width;
      return new Level({ inChannels: from, outChannels: width, blocks, attends }, rng.fork("levels", level));
    });
    // On even sides "same" pads one row below and one column on the right, as taming-transformers does.
    this.downsample = levels.slice(1).map((_, level) => {
      const { width } = levels[level];
      const shape = { inChannels: width, outChannels: width, kernel: 3, stride: 2 };
      return new Conv2d(shape, rng.fork("downsample", level));
    });
    this.middle = new Middle({ channels: last, attends: config.middleAttention }, rng.fork("middle"));
    this.norm = groupNorm(last);
    this.head = new Conv2d({ inChannels: last, outChannels: latentDim, kernel: 3 }, rng.fork("head"));
    this.project = new Linear({ inFeatures: latentDim, outFeatures: embeddingDim }, rng.fork("project"));
  }

  /** `[b, H, W, inChannels]` -> `[b, H/F, W/F, embeddingDim]`, F the downsampling. */
  apply(pixels: tf.Tensor4D): tf.Tensor4D {
    return tf.tidy(() => {
      let x = this.stem.apply(pixels);
      for (const [level, layer] of this.levels.entries()) {
        x = layer.apply(x);
        if (level < this.downsample.length) x = this.downsample[level].apply(x); // [b, h/2, w/2, width]
      }
      const latents = this.head.apply(silu(this.norm.apply(this.middle.apply(x))));
      return this.project.apply(latents) as tf.Tensor4D;
    });
  }

  dispose(): void {
    const { stem, levels, downsample, middle, norm, head, project } = this;
    for (const layer of [stem, ...levels, ...downsample, middle, norm, head, project]) layer.dispose();
  }
}
