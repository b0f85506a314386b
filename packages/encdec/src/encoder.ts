import { Attention3D, type AttentionPattern, type RotaryTable } from "@nuwa/attention-3dna";
import { checkpoint, disposeParams, type Grid, LayerNorm, namedParams, type Rng } from "@nuwa/tensor3d";
import * as tf from "@tensorflow/tfjs-core";
import { type EncoderDecoderConfig, feedForwardDimOf, headDimOf } from "./config.ts";
import { type DropoutMasks, masksOfBlock } from "./dropout-masks.ts";
import { FeedForward } from "./feed-forward.ts";
import { residualStd } from "./initialization.ts";
import { addBranch, drop } from "./residual.ts";
import { rotaryFrom, rotaryOf, rotaryTensors } from "./rotary.ts";

export interface EncoderOptions {
  readonly pattern: AttentionPattern;
  readonly grid: Grid;
  /** The grid's. Default: none. */
  readonly rotary?: RotaryTable;
  /** Of the encoder, or of the block alone. Default: none is dropped. */
  readonly masks?: DropoutMasks;
  /** Each block's inside is computed again in the backward pass instead of kept. Default false. */
  readonly checkpointing?: boolean;
}

/** `c += attention(norm(c)); c += feedForward(norm(c))`, under the sandwich norm a norm of what is added, too. */
export class EncoderBlock {
  readonly config: EncoderDecoderConfig;
  readonly attentionNorm: LayerNorm;
  readonly attention: Attention3D;
  readonly attentionOutputNorm?: LayerNorm;
  readonly feedForwardNorm: LayerNorm;
  readonly feedForward: FeedForward;
  readonly feedForwardOutputNorm?: LayerNorm;

  constructor(config: EncoderDecoderConfig, rng: Rng) {
    const { dim, heads, headDim, encoderLayers } = config;
    const hidden = feedForwardDimOf(config);
    const init = { outputStd: residualStd(heads * headDimOf(config), encoderLayers) };
    this.config = config;
    this.attentionNorm = new LayerNorm({ dim });
    this.attention = new Attention3D({ dim, heads, headDim }, rng.fork("attention"), init);
    this.feedForwardNorm = new LayerNorm({ dim });
    this.feedForward = new FeedForward({ dim, hidden, kind: config.feedForward }, rng.fork("feedForward"), {
      outputStd: residualStd(hidden, encoderLayers),
    });
    if (config.sandwichNorm) {
      this.attentionOutputNorm = new LayerNorm({ dim });
      this.feedForwardOutputNorm = new LayerNorm({ dim });
    }
  }

  /** `[b, m, dim]` -> `[b, m, dim]`. */
  apply(x: tf.Tensor, { pattern, grid, rotary, masks = [] }: EncoderOptions): tf.Tensor {
    const { dropout } = this.config;
    const [mask, fedMask] = masks;
    return tf.tidy(() => {
      const y = this.attentionNorm.apply(x);
      const attended = this.attention.apply(y, { pattern, queryGrid: grid, rotary });
      const middle = addBranch(x, attended, { norm: this.attentionOutputNorm, dropout, mask });
      const fed = this.feedForward.apply(this.feedForwardNorm.apply(middle));
      return addBranch(middle, fed, { norm: this.feedForwardOutputNorm, dropout, mask: fedMask });
    });
  }

  dispose(): void {
    disposeParams(this);
  }
}

/** Layers of 3DNA(C, C) over a condition, and a final norm. */
export class Encoder {
  readonly config: EncoderDecoderConfig;
  readonly blocks: EncoderBlock[];
  readonly norm: LayerNorm;

  constructor(config: EncoderDecoderConfig, rng: Rng) {
    const block = (_: unknown, index: number) => new EncoderBlock(config, rng.fork("block", index));
    this.config = config;
    this.blocks = Array.from({ length: config.encoderLayers }, block);
    this.norm = new LayerNorm({ dim: config.dim });
  }

  /** Embedded conditions `[b, m, dim]` -> `[b, m, dim]`. */
  apply(x: tf.Tensor, options: Omit<EncoderOptions, "rotary">): tf.Tensor {
    const { grid, checkpointing, masks = [] } = options;
    return tf.tidy(() => {
      const rotary = rotaryOf(this.config, grid);
      let hidden = drop(x, this.config.dropout, masks[0]);
      for (const [index, block] of this.blocks.entries()) {
        const own = { ...options, rotary, masks: masksOfBlock(masks, index) };
        hidden = checkpointing ? checkpointed(block, hidden, own) : block.apply(hidden, own);
      }
      return this.norm.apply(hidden);
    });
  }

  dispose(): void {
    disposeParams(this);
  }
}

/** The block's result, of which only the inputs are kept. */
function checkpointed(block: EncoderBlock, hidden: tf.Tensor, options: EncoderOptions): tf.Tensor {
  const { masks = [], rotary } = options;
  return checkpoint(
    ([x, ...others]) => {
      const own = masks.map(() => others.shift() as tf.Tensor3D);
      return block.apply(x, { ...options, masks: own, rotary: rotaryFrom(others) });
    },
    [hidden, ...masks, ...rotaryTensors(rotary)],
    { params: namedParams(block) },
  );
}
