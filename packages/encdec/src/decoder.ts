import { checkpoint, disposeParams, LayerNorm, namedParams, type Rng } from "@nuwa/tensor3d";
import * as tf from "@tensorflow/tfjs-core";
import type { EncoderDecoderConfig } from "./config.ts";
import { DecoderBlock, type DecoderOptions } from "./decoder-block.ts";
import { masksOfBlock } from "./dropout-masks.ts";
import { drop } from "./residual.ts";
import { rotaryFrom, rotaryOf, rotaryTensors } from "./rotary.ts";

/** Layers of causal 3DNA(Y, Y) plus 3DNA(Y, C), and a final norm. */
export class Decoder {
  readonly config: EncoderDecoderConfig;
  readonly blocks: DecoderBlock[];
  readonly norm: LayerNorm;

  constructor(config: EncoderDecoderConfig, rng: Rng) {
    const block = (_: unknown, index: number) => new DecoderBlock(config, rng.fork("block", index));
    this.config = config;
    this.blocks = Array.from({ length: config.decoderLayers }, block);
    this.norm = new LayerNorm({ dim: config.dim });
  }

  /** Embedded inputs `[b, n, dim]` -> `[b, n, dim]`. */
  apply(x: tf.Tensor, options: Omit<DecoderOptions, "rotary">): tf.Tensor {
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

/** The block's result, of which only the inputs are kept: the sequence and the conditions that it attends. */
function checkpointed(block: DecoderBlock, hidden: tf.Tensor, options: DecoderOptions): tf.Tensor {
  const { conditions, rotary, masks = [] } = options;
  return checkpoint(
    ([x, ...others]) => {
      const groups = conditions.map((group) => ({ ...group, hidden: others.shift()! }));
      const own = masks.map(() => others.shift() as tf.Tensor3D);
      return block.apply(x, { ...options, conditions: groups, masks: own, rotary: rotaryFrom(others) });
    },
    [hidden, ...conditions.map((group) => group.hidden), ...masks, ...rotaryTensors(rotary)],
    { params: namedParams(block) },
  );
}
