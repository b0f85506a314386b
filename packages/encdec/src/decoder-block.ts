import {
  Attention3D,
  type AttentionCache,
  type AttentionPattern,
  type CacheStep,
  type KeyValueCache,
  type RotaryTable,
  type SelectedRows,
} from "@nuwa/attention-3dna";
import { disposeParams, type Grid, LayerNorm, type Rng } from "@nuwa/tensor3d";
import * as tf from "@tensorflow/tfjs-core";
import { type EncoderDecoderConfig, feedForwardDimOf, headDimOf } from "./config.ts";
import type { DropoutMasks } from "./dropout-masks.ts";
import { FeedForward } from "./feed-forward.ts";
import { residualStd } from "./initialization.ts";
import { RelativeBias } from "./relative-bias.ts";
import { addBranch } from "./residual.ts";

/** Encoded conditions of some consecutive rows of a batch. */
export interface EncodedGroup {
  /** `[count, m, dim]`. */
  readonly hidden: tf.Tensor;
  readonly count: number;
  readonly grid: Grid;
  /** How the target attends them. */
  readonly pattern: AttentionPattern;
}

export interface DecoderOptions {
  readonly pattern: AttentionPattern;
  readonly grid: Grid;
  readonly conditions: readonly EncodedGroup[];
  /** The grid's, for the self-attention. Default: none. */
  readonly rotary?: RotaryTable;
  /** Of the decoder, or of the block alone. Default: none is dropped. */
  readonly masks?: DropoutMasks;
  /** Each block's inside is computed again in the backward pass instead of kept. Default false. */
  readonly checkpointing?: boolean;
}

/** What a decoding step attends besides itself. */
export interface StepMemory {
  readonly grid: Grid;
  readonly pattern: AttentionPattern;
  readonly cache: AttentionCache;
  readonly step: CacheStep;
  readonly cross: readonly CrossMemory[];
  /** The step's positions'. Default: none. */
  readonly rotary?: RotaryTable;
}

/** Keys and values of some consecutive rows' conditions, and how the step's positions attend them. */
export interface CrossMemory {
  readonly memory: KeyValueCache;
  readonly rows: SelectedRows;
  readonly count: number;
}

/**
 * `y += selfAttention(norm(y)) + crossAttention(norm(y), c); y += feedForward(norm(y))`, under the sandwich norm a norm
 * of what is added, too: of the attentions' sum, and of the feed-forward.
 */
export class DecoderBlock {
  readonly config: EncoderDecoderConfig;
  readonly attentionNorm: LayerNorm;
  readonly selfAttention: Attention3D;
  readonly crossAttention: Attention3D;
  readonly relativeBias?: RelativeBias;
  readonly attentionOutputNorm?: LayerNorm;
  readonly feedForwardNorm: LayerNorm;
  readonly feedForward: FeedForward;
  readonly feedForwardOutputNorm?: LayerNorm;

  constructor(config: EncoderDecoderConfig, rng: Rng) {
    const { dim, heads, headDim, decoderLayers } = config;
    const hidden = feedForwardDimOf(config);
    const init = { outputStd: residualStd(heads * headDimOf(config), decoderLayers) };
    this.config = config;
    this.attentionNorm = new LayerNorm({ dim });
    this.selfAttention = new Attention3D({ dim, heads, headDim }, rng.fork("selfAttention"), init);
    this.crossAttention = new Attention3D({ dim, heads, headDim }, rng.fork("crossAttention"), init);
    if (config.relativeBias) this.relativeBias = new RelativeBias(config);
    this.feedForwardNorm = new LayerNorm({ dim });
    this.feedForward = new FeedForward({ dim, hidden, kind: config.feedForward }, rng.fork("feedForward"), {
      outputStd: residualStd(hidden, decoderLayers),
    });
    if (config.sandwichNorm) {
      this.attentionOutputNorm = new LayerNorm({ dim });
      this.feedForwardOutputNorm = new LayerNorm({ dim });
    }
  }

  /** `[b, n, dim]` -> `[b, n, dim]`. */
  apply(x: tf.Tensor, options: DecoderOptions): tf.Tensor {
    const { pattern, grid: queryGrid, conditions, rotary, masks = [] } = options;
    const { dropout } = this.config;
    const [mask, fedMask] = masks;
    return tf.tidy(() => {
      const y = this.attentionNorm.apply(x);
      const bias = this.relativeBias?.bias(pattern, queryGrid);
      const own = this.selfAttention.apply(y, { pattern, queryGrid, causal: true, bias, rotary });
      const cross = overGroups(y, conditions, (rows, { hidden, grid, pattern }) =>
        this.crossAttention.apply(rows, { pattern, queryGrid, context: hidden, keyGrid: grid }),
      );
      const middle = addBranch(x, tf.add(own, cross), { norm: this.attentionOutputNorm, dropout, mask });
      const fed = this.feedForward.apply(this.feedForwardNorm.apply(middle));
      return addBranch(middle, fed, { norm: this.feedForwardOutputNorm, dropout, mask: fedMask });
    });
  }

  /** A decoding step, without gradients: `[b, p, dim]` -> `[b, p, dim]`. */
  step(x: tf.Tensor, { grid, pattern, cache, step, cross, rotary }: StepMemory): tf.Tensor {
    return tf.tidy(() => {
      const y = this.attentionNorm.apply(x);
      const bias = this.relativeBias?.bias(pattern, grid);
      const own = this.selfAttention.step(y, cache, step, bias, rotary);
      const crossed = overGroups(y, cross, (part, { memory, rows }) =>
        this.crossAttention.recall(part, memory, rows),
      );
      const middle = addBranch(x, tf.add(own, crossed), { norm: this.attentionOutputNorm });
      const fed = this.feedForward.infer(this.feedForwardNorm.apply(middle));
      return addBranch(middle, fed, { norm: this.feedForwardOutputNorm });
    });
  }

  dispose(): void {
    disposeParams(this);
  }
}

/** Applies `f` to the rows of each group and joins the results. */
function overGroups<Group extends { readonly count: number }>(
  x: tf.Tensor,
  groups: readonly Group[],
  f: (rows: tf.Tensor, group: Group) => tf.Tensor,
): tf.Tensor {
  if (groups.length === 1) return f(x, groups[0]);
  const parts = tf.split(
    x,
    groups.map(({ count }) => count),
    0,
  );
  return tf.concat(
    parts.map((rows, index) => f(rows, groups[index])),
    0,
  );
}
