import { Conv2d, type GroupNorm, Linear, type Rng, silu } from "@nuwa/tensor3d";
import * as tf from "@tensorflow/tfjs-core";
import { levelsOf, type TamingNetworkConfig } from "./config.ts";
import { doubledConvolution } from "./doubled-convolution.ts";
import { Level, Middle } from "./level.ts";
import { groupNorm } from "./res-block.ts";

/**
 * The decoder of taming-transformers' VQGAN (Esser et al., arXiv 2012.09841) with its `post_quant_conv`: the mirror
 * image of the encoder with one residual block more a level; levels are numbered as the encoder's, so it goes through
 * them from the last one to the first.
 */
export class TamingDecoder {
  readonly config: TamingNetworkConfig;
  readonly project: Linear;
  readonly stem: Conv2d;
  readonly middle: Middle;
  readonly levels: readonly Level[];
  /** The convolutions after the doublings: `upsample.0` leads from level 1 to level 0. */
  readonly upsample: readonly Conv2d[];
  readonly norm: GroupNorm;
  readonly head: Conv2d;

  constructor(config: TamingNetworkConfig, rng: Rng) {
    const { inChannels, outChannels = inChannels, blocks, latentDim, embeddingDim } = config;
    const levels = levelsOf(config);
    const last = levels[levels.length - 1].width;
    const first = levels[0].width;
    this.config = config;
    this.project = new Linear({ inFeatures: embeddingDim, outFeatures: latentDim }, rng.fork("project"));
    this.stem = new Conv2d({ inChannels: latentDim, outChannels: last, kernel: 3 }, rng.fork("stem"));
    this.middle = new Middle({ channels: last, attends: config.middleAttention }, rng.fork("middle"));
    this.levels = levels.map(({ width, attends }, level) => {
      const from = level + 1 < levels.length ? levels[level + 1].width : last;
      const shape = { inChannels: from, outChannels: width, blocks: blocks + 1, attends };
      return new Level(shape, rng.fork("levels", level));
    });
    this.upsample = levels.slice(1).map(({ width }, level) => {
      return new Conv2d({ inChannels: width, outChannels: width, kernel: 3 }, rng.fork("upsample", level));
    });
    this.norm = groupNorm(first);
    // Small, so that training does not begin by unlearning noise.
    const std = 0.1 * first ** -0.5;
    this.head = new Conv2d({ inChannels: first, outChannels, kernel: 3 }, rng.fork("head"), { std });
  }

  /** Parameters of the last convolution, at whose `weight` losses are weighed (see `adaptiveWeight`). */
  get lastLayer(): { readonly weight: tf.Variable } {
    return this.head.params;
  }

  /** `[b, h, w, embeddingDim]` -> `[b, h·F, w·F, outChannels]`, F the downsampling: `last(features(latents))`. */
  apply(latents: tf.Tensor4D): tf.Tensor4D {
    return tf.tidy(() => this.last(this.features(latents)));
  }

  /** What the last convolution reads: `[b, h, w, embeddingDim]` -> `[b, h·F, w·F, width of level 0]`. */
  features(latents: tf.Tensor4D): tf.Tensor4D {
    return tf.tidy(() => {
      let x = this.middle.apply(this.stem.apply(this.project.apply(latents)));
      for (let level = this.levels.length - 1; level >= 0; level--) {
        x = this.levels[level].apply(x);
        if (level > 0) x = doubledConvolution(this.upsample[level - 1], x); // [b, 2 h, 2 w, width]
      }
      return silu(this.norm.apply(x));
    });
  }

  /** The last convolution: `features` -> `[b, h·F, w·F, outChannels]`. */
  last(features: tf.Tensor4D): tf.Tensor4D {
    return this.head.apply(features);
  }

  dispose(): void {
    const { project, stem, middle, levels, upsample, norm, head } = this;
    for (const layer of [project, stem, middle, ...levels, ...upsample, norm, head]) layer.dispose();
  }
}
