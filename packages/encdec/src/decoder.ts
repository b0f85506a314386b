import { checkpoint, disposeParams, LayerNorm, namedParams, type Rng } from "@nuwa/tensor3d";
import * as tf from "@tensorflow/tfjs-core";
import type { EncoderDecoderConfig } from "./config.ts";
import { DecoderBlock, type DecoderOptions } from "./decoder-block.ts";
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
    return tf.tidy(() => {
      const rotary = rotaryOf(this.config, options.grid);
      let hidden = drop(x, this.config.dropout, options.rng);
      for (const block of this.blocks) {
        const own = { ...options, rotary };
        hidden = options.checkpointing ? checkpointed(block, hidden, own) : block.apply(hidden, own);
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
  const { conditions, rotary, rng } = options;
  return checkpoint(
    ([x, ...others], rng) => {
      const groups = conditions.map((group, index) => ({ ...group, hidden: others[index] }));
      const turns = rotaryFrom(others.slice(conditions.length));
      return block.apply(x, { ...options, conditions: groups, rotary: turns, rng });
    },
    [hidden, ...conditions.map((group) => group.hidden), ...rotaryTensors(rotary)],
    { params: namedParams(block), rng },
  );
}
