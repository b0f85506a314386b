import { LayerNorm, Linear, type Rng } from "@nuwa/tensor3d";
import * as tf from "@tensorflow/tfjs-core";
import type { LocalVqConfig } from "./config.ts";
import { ResBlock } from "./res-block.ts";
import { Downsample } from "./resample.ts";

/** `E`: pixels to latents. Patches, then at each level residual blocks and a halving, then norm and projection. */
export class Encoder {
  readonly config: LocalVqConfig;
  readonly layers: readonly (Downsample | ResBlock)[];
  readonly norm: LayerNorm;
  readonly project: Linear;

  constructor(config: LocalVqConfig, rng: Rng) {
    const { inChannels, patch, channels, encoderBlocks, encoderKernel, embeddingDim } = config;
    const layers: (Downsample | ResBlock)[] = [];
    channels.forEach((width, level) => {
      const from = level === 0 ? inChannels : channels[level - 1];
      const factor = level === 0 ? patch : 2;
      layers.push(
        new Downsample({ inChannels: from, outChannels: width, factor }, rng.fork("layers", layers.length)),
      );
      for (let block = 0; block < encoderBlocks[level]; block++) {
        layers.push(
          new ResBlock({ channels: width, kernel: encoderKernel }, rng.fork("layers", layers.length)),
        );
      }
    });
    const last = channels[channels.length - 1];
    this.config = config;
    this.layers = layers;
    this.norm = new LayerNorm({ dim: last });
    this.project = new Linear({ inFeatures: last, outFeatures: embeddingDim }, rng.fork("project"));
  }

  /** `[b, H, W, inChannels]` -> `[b, H/F, W/F, embeddingDim]`, F the downsampling. */
  apply(pixels: tf.Tensor4D): tf.Tensor4D {
    return tf.tidy(() => {
      let x = pixels;
      for (const layer of this.layers) x = layer.apply(x);
      return this.project.apply(this.norm.apply(x)) as tf.Tensor4D;
    });
  }

  dispose(): void {
    for (const layer of this.layers) layer.dispose();
    this.norm.dispose();
    this.project.dispose();
  }
}
