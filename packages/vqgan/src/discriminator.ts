import { assertShape, Conv2d, GroupNorm, type HostTensor, loadParams, NuwaError, Rng } from "@nuwa/tensor3d";
import * as tf from "@tensorflow/tfjs-core";
import {
  type DiscriminatorConfig,
  type DiscriminatorConfigInput,
  parseDiscriminatorConfig,
} from "./discriminator-config.ts";

/** Slope of LeakyReLU below 0. */
const SLOPE = 0.2;

/**
 * PatchGAN (pix2pix, arXiv 1611.07004; the arrangement of taming-transformers): a logit for each of many
 * overlapping patches, high for what it takes for real. All convolutions are 4×4 with one pixel of zeros on every
 * side. A first one of stride 2; `layers` blocks of convolution, norm and LeakyReLU 0.2, all of stride 2 but the
 * last one; a last convolution to one channel.
 *
 * The norm is GroupNorm instead of BatchNorm: a picture's logits do not depend on the other pictures of its batch,
 * real and decoded batches need no statistics apart, and there are no running means that a checkpoint has to carry.
 *
 * Params: `stem`, `blocks.N.conv`, `blocks.N.norm` (unless `norm: "none"`), `head`.
 */
export class PatchDiscriminator {
  readonly config: DiscriminatorConfig;
  readonly stem: Conv2d;
  readonly blocks: readonly PatchBlock[];
  readonly head: Conv2d;

  private constructor(config: DiscriminatorConfig, rng: Rng) {
    const { inChannels, width, layers } = config;
    const widthAt = (layer: number) => width * Math.min(2 ** layer, 8);
    this.config = config;
    this.stem = new Conv2d(convConfig(inChannels, width, 2), rng.fork("stem"));
    this.blocks = Array.from({ length: layers }, (_, index) => {
      const conv = convConfig(widthAt(index), widthAt(index + 1), index === layers - 1 ? 1 : 2);
      return new PatchBlock(conv, config, rng.fork("blocks", index));
    });
    this.head = new Conv2d(convConfig(widthAt(layers), 1, 1), rng.fork("head"));
  }

  /**
   * A fresh discriminator.
   *
   * @throws NuwaError `CONFIG`
   */
  static create(config: DiscriminatorConfigInput = {}, rng: Rng = new Rng(0)): PatchDiscriminator {
    return new PatchDiscriminator(parseDiscriminatorConfig(config), rng);
  }

  /**
   * A saved discriminator: its config and what `saveParams` gave.
   *
   * @throws NuwaError `CONFIG`; `CHECKPOINT` that lists every missing, extra and misshapen tensor
   */
  static load(config: DiscriminatorConfigInput, tensors: Record<string, HostTensor>): PatchDiscriminator {
    const discriminator = PatchDiscriminator.create(config);
    try {
      loadParams(discriminator, tensors);
    } catch (error) {
      discriminator.dispose();
      throw error;
    }
    return discriminator;
  }

  /**
   * Pixels `[b, H, W, inChannels]` -> logits `[b, ⌊H / 2^layers⌋ − 2, ⌊W / 2^layers⌋ − 2, 1]`.
   *
   * @throws NuwaError `SHAPE`, also where the pictures are smaller than `3 · 2^layers` pixels a side
   */
  apply(pixels: tf.Tensor4D): tf.Tensor4D {
    const { inChannels, layers } = this.config;
    assertShape("PatchDiscriminator pixels", pixels, ["batch", "height", "width", inChannels]);
    const [, height, width] = pixels.shape;
    const least = 3 * 2 ** layers;
    if (Math.min(height, width) < least) {
      throw new NuwaError(
        "SHAPE",
        `PatchDiscriminator pixels: wanted at least ${least} × ${least} pixels for ${layers} layers, ` +
          `got ${height} × ${width}. Use fewer layers.`,
      );
    }
    return tf.tidy(() => {
      let x = tf.leakyRelu(this.stem.apply(pixels), SLOPE); // [b, H/2, W/2, width]
      for (const block of this.blocks) x = block.apply(x);
      return this.head.apply(x); // [b, h, w, 1]
    });
  }

  dispose(): void {
    this.stem.dispose();
    for (const block of this.blocks) block.dispose();
    this.head.dispose();
  }
}

type PatchConvConfig = ReturnType<typeof convConfig>;

/** `leakyRelu(norm(conv(x)))`. */
class PatchBlock {
  readonly conv: Conv2d;
  readonly norm?: GroupNorm;

  constructor(conv: PatchConvConfig, { norm, groups }: DiscriminatorConfig, rng: Rng) {
    this.conv = new Conv2d(conv, rng);
    if (norm === "group") this.norm = new GroupNorm({ groups, channels: conv.outChannels });
  }

  /** `[b, h, w, in]` -> `[b, h', w', out]`. */
  apply(x: tf.Tensor4D): tf.Tensor4D {
    return tf.tidy(() => {
      const y = this.conv.apply(x);
      return tf.leakyRelu(this.norm ? this.norm.apply(y) : y, SLOPE);
    });
  }

  dispose(): void {
    this.conv.dispose();
    this.norm?.dispose();
  }
}

function convConfig(inChannels: number, outChannels: number, stride: number) {
  return { inChannels, outChannels, kernel: 4, stride, padding: 1 } as const;
}
