import { Conv2d, disposeParams, type Layer, LayerNorm, Linear, type Rng } from "@nuwa/tensor3d";
import * as tf from "@tensorflow/tfjs-core";

export interface JudgeNetworkConfig {
  /** Height and width of a frame: a multiple of 16. */
  readonly size: number;
  readonly emoji: number;
  readonly backgrounds: number;
  readonly motions: number;
  /** Frames that the motion classifier sees at once. */
  readonly motionFrames: number;
}

const imageChannels = [24, 48, 96, 96] as const;
const motionChannels = [32, 64, 64] as const;

/** Two small convolutional classifiers: one names what is in an image, the other how it moves. */
export class JudgeNetwork implements Layer {
  readonly config: JudgeNetworkConfig;
  readonly imageBlocks: readonly ConvBlock[];
  readonly emoji: Linear;
  readonly background: Linear;
  readonly motionBlocks: readonly ConvBlock[];
  readonly motion: Linear;

  constructor(config: JudgeNetworkConfig, rng: Rng) {
    const { size, emoji, backgrounds, motions, motionFrames } = config;
    const [first, second, third, last] = imageChannels;
    const [motionFirst, motionSecond, motionLast] = motionChannels;
    this.config = config;
    this.imageBlocks = [
      new ConvBlock({ inChannels: 3, outChannels: first, kernel: 5, stride: 2 }, rng),
      new ConvBlock({ inChannels: first, outChannels: second, kernel: 3, stride: 2 }, rng),
      new ConvBlock({ inChannels: second, outChannels: third, kernel: 3, stride: 2 }, rng),
      new ConvBlock({ inChannels: third, outChannels: last, kernel: 3, stride: 1 }, rng),
    ];
    this.emoji = new Linear({ inFeatures: 2 * last, outFeatures: emoji }, rng);
    this.background = new Linear({ inFeatures: 2 * last, outFeatures: backgrounds }, rng);
    this.motionBlocks = [
      new ConvBlock({ inChannels: 3 * motionFrames, outChannels: motionFirst, kernel: 5, stride: 2 }, rng),
      new ConvBlock({ inChannels: motionFirst, outChannels: motionSecond, kernel: 3, stride: 2 }, rng),
      new ConvBlock({ inChannels: motionSecond, outChannels: motionLast, kernel: 3, stride: 2 }, rng),
    ];
    this.motion = new Linear({ inFeatures: (size / 16) ** 2 * motionLast, outFeatures: motions }, rng);
  }

  /** `[n, size, size, 3]` -> logits `emoji` `[n, emoji]` and `background` `[n, backgrounds]`. */
  image(pixels: tf.Tensor4D): { emoji: tf.Tensor2D; background: tf.Tensor2D } {
    return tf.tidy(() => {
      const features = this.imageBlocks.reduce((x, block) => block.apply(x), pixels); // [n, size/8, size/8, c]
      const pooled = tf.concat([tf.max(features, [1, 2]), tf.mean(features, [1, 2])], 1); // [n, 2 c]
      return {
        emoji: this.emoji.apply(pooled) as tf.Tensor2D,
        background: this.background.apply(pooled) as tf.Tensor2D,
      };
    });
  }

  /** `[n * motionFrames, size, size, 3]`, the frames of a clip side by side -> logits `[n, motions]`. */
  clip(pixels: tf.Tensor4D): tf.Tensor2D {
    const { size, motionFrames } = this.config;
    const half = size / 2;
    return tf.tidy(() => {
      const small = tf.avgPool(pixels, 2, 2, "valid");
      const clips = tf.reshape(small, [-1, motionFrames, half * half * 3]);
      const moving = tf.sub(clips, tf.mean(clips, 1, true)); // what stands still vanishes
      const channels = tf.reshape(tf.transpose(moving, [0, 2, 1]), [-1, half, half, 3 * motionFrames]);
      const features = this.motionBlocks.reduce((x, block) => block.apply(x), channels as tf.Tensor4D);
      return this.motion.apply(tf.reshape(features, [features.shape[0], -1])) as tf.Tensor2D;
    });
  }

  dispose(): void {
    disposeParams(this);
  }
}

interface ConvBlockConfig {
  readonly inChannels: number;
  readonly outChannels: number;
  readonly kernel: number;
  readonly stride: number;
}

/** Convolution, layer norm over the channels, rectifier. */
class ConvBlock {
  readonly conv: Conv2d;
  readonly norm: LayerNorm;

  constructor(config: ConvBlockConfig, rng: Rng) {
    this.conv = new Conv2d(config, rng);
    this.norm = new LayerNorm({ dim: config.outChannels });
  }

  /** `[n, h, w, in]` -> `[n, h / stride, w / stride, out]`. */
  apply(x: tf.Tensor4D): tf.Tensor4D {
    return tf.tidy(() => tf.relu(this.norm.apply(this.conv.apply(x))) as tf.Tensor4D);
  }
}
