import { Conv2d, LayerNorm, type Rng } from "@nuwa/tensor3d";
import * as tf from "@tensorflow/tfjs-core";
import type { LocalVqConfig } from "./config.ts";
import { ResBlock } from "./res-block.ts";
import { Upsample, unpatchify } from "./resample.ts";

/**
 * `G`: latents to pixels, or to logits of classes. The mirror image of the encoder; its last convolution writes whole
 * patches.
 */
export class Decoder {
  readonly config: LocalVqConfig;
  readonly stem: Conv2d;
  readonly layers: readonly (Upsample | ResBlock)[];
  readonly norm: LayerNorm;
  readonly head: Conv2d;

  constructor(config: LocalVqConfig, rng: Rng) {
    const { inChannels, patch, channels, decoderBlocks, embeddingDim } = config;
    const last = channels[channels.length - 1];
    const layers: (Upsample | ResBlock)[] = [];
    for (let level = channels.length - 1; level >= 0; level--) {
      const width = channels[level];
      for (let block = 0; block < decoderBlocks[level]; block++) {
        layers.push(new ResBlock({ channels: width }, rng.fork("layers", layers.length)));
      }
      if (level === 0) break;
      const resample = { inChannels: width, outChannels: channels[level - 1], factor: 2 };
      layers.push(new Upsample(resample, rng.fork("layers", layers.length)));
    }
    this.config = config;
    this.stem = new Conv2d({ inChannels: embeddingDim, outChannels: last, kernel: 3 }, rng.fork("stem"));
    this.layers = layers;
    this.norm = new LayerNorm({ dim: channels[0] });
    // Small, so that training does not begin by unlearning noise.
    this.head = new Conv2d(
      { inChannels: channels[0], outChannels: inChannels * patch * patch, kernel: 3 },
      rng.fork("head"),
      { std: 0.1 * channels[0] ** -0.5 },
    );
  }

  /** Parameters of the last convolution, at whose `weight` losses are weighed (see `adaptiveWeight`). */
  get lastLayer(): { readonly weight: tf.Variable } {
    return this.head.params;
  }

  /** `[b, h, w, embeddingDim]` -> `[b, h·F, w·F, inChannels]`, F the downsampling: `last(features(latents))`. */
  apply(latents: tf.Tensor4D): tf.Tensor4D {
    return tf.tidy(() => this.last(this.features(latents)));
  }

  /** What the last convolution reads: `[b, h, w, embeddingDim]` -> `[b, h·F/patch, w·F/patch, channels[0]]`. */
  features(latents: tf.Tensor4D): tf.Tensor4D {
    return tf.tidy(() => {
      let x = this.stem.apply(latents) as tf.Tensor4D;
      for (const layer of this.layers) x = layer.apply(x);
      return this.norm.apply(x) as tf.Tensor4D;
    });
  }

  /** The last convolution: `features` -> `[b, h·F, w·F, inChannels]`. */
  last(features: tf.Tensor4D): tf.Tensor4D {
    return tf.tidy(() => {
      const patches = this.head.apply(features) as tf.Tensor4D; // [b, H/p, W/p, p·p·C]
      return unpatchify(patches, this.config.patch);
    });
  }

  dispose(): void {
    this.stem.dispose();
    for (const layer of this.layers) layer.dispose();
    this.norm.dispose();
    this.head.dispose();
  }
}
