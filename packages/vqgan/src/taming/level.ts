import type { Rng } from "@nuwa/tensor3d";
import * as tf from "@tensorflow/tfjs-core";
import { AttentionBlock } from "./attention-block.ts";
import { TamingResBlock } from "./res-block.ts";

export interface LevelConfig {
  readonly inChannels: number;
  readonly outChannels: number;
  readonly blocks: number;
  /** Whether an attention block follows each residual block. */
  readonly attends: boolean;
}

/** The blocks that work at one resolution. */
export class Level {
  readonly config: LevelConfig;
  readonly blocks: readonly TamingResBlock[];
  /** As many as `blocks`, or none. */
  readonly attention: readonly AttentionBlock[];

  constructor(config: LevelConfig, rng: Rng) {
    const { inChannels, outChannels, blocks, attends } = config;
    this.config = config;
    this.blocks = Array.from({ length: blocks }, (_, index) => {
      const from = index === 0 ? inChannels : outChannels;
      return new TamingResBlock({ inChannels: from, outChannels }, rng.fork("blocks", index));
    });
    this.attention = Array.from(
      { length: attends ? blocks : 0 },
      (_, index) => new AttentionBlock({ channels: outChannels }, rng.fork("attention", index)),
    );
  }

  /** `[b, h, w, in]` -> `[b, h, w, out]`. */
  apply(x: tf.Tensor4D): tf.Tensor4D {
    return tf.tidy(() => {
      let y = x;
      for (const [index, block] of this.blocks.entries()) {
        y = block.apply(y);
        if (this.config.attends) y = this.attention[index].apply(y);
      }
      return y;
    });
  }

  dispose(): void {
    for (const layer of [...this.blocks, ...this.attention]) layer.dispose();
  }
}

export interface MiddleConfig {
  readonly channels: number;
  /** Whether there is an attention block. Default true. */
  readonly attends?: boolean;
}

/** Between encoder and decoder levels: a residual block, an attention block or none, a residual block. */
export class Middle {
  readonly config: MiddleConfig;
  readonly first: TamingResBlock;
  readonly attention?: AttentionBlock;
  readonly second: TamingResBlock;

  constructor(config: MiddleConfig, rng: Rng) {
    const { channels, attends = true } = config;
    const widths = { inChannels: channels, outChannels: channels };
    this.config = config;
    this.first = new TamingResBlock(widths, rng.fork("first"));
    if (attends) this.attention = new AttentionBlock({ channels }, rng.fork("attention"));
    this.second = new TamingResBlock(widths, rng.fork("second"));
  }

  /** `[b, h, w, c]` -> the same. */
  apply(x: tf.Tensor4D): tf.Tensor4D {
    return tf.tidy(() => {
      const y = this.first.apply(x);
      return this.second.apply(this.attention ? this.attention.apply(y) : y);
    });
  }

  dispose(): void {
    for (const layer of [this.first, this.attention, this.second]) layer?.dispose();
  }
}
