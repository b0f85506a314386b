import { type AttentionPattern, full } from "@nuwa/attention-3dna";
import { disposeParams, type Grid, NuwaError, type Rng, tokenCount } from "@nuwa/tensor3d";
import * as tf from "@tensorflow/tfjs-core";
import { type Condition, type ConditionGroup, groupConditions } from "./condition.ts";
import { ConditionEmbedding } from "./condition-embedding.ts";
import { conditionTables } from "./condition-tables.ts";
import { type EncoderDecoderConfig, type EncoderDecoderInput, parseConfig } from "./config.ts";
import { Decoder } from "./decoder.ts";
import type { EncodedGroup } from "./decoder-block.ts";
import { Encoder } from "./encoder.ts";
import { checkTargetGrid } from "./grids.ts";
import { Head } from "./head.ts";
import { type LossOptions, type LossResult, modelLoss } from "./loss.ts";
import { patternFromConfig } from "./pattern-config.ts";
import { shiftInputs } from "./shift.ts";
import { TargetEmbedding } from "./target-embedding.ts";

export interface LogitsOptions {
  /** One for each row of the targets. */
  readonly conditions: readonly Condition[];
  /** int32 `[batch, tokens]`, in raster order. */
  readonly targets: tf.Tensor;
  readonly grid: Grid;
  /** For dropout, in training. Default: none is dropped. */
  readonly rng?: Rng;
  /**
   * The insides of the blocks of encoder and decoder are computed again in the backward pass instead of kept: less
   * memory, about a third more time. Default false.
   */
  readonly checkpointing?: boolean;
}

type TrainingOptions = Pick<LogitsOptions, "rng" | "checkpointing">;

/**
 * The 3D encoder-decoder: a condition (text, sketch, image, video or None) is encoded by 3D nearby attention, and the codes
 * of an image or video are predicted one by one in raster order by a decoder that attends it.
 */
export class EncoderDecoder {
  readonly config: EncoderDecoderConfig;
  readonly targets: TargetEmbedding;
  readonly texts: ConditionEmbedding;
  readonly sketches?: ConditionEmbedding;
  /** Of images and videos. */
  readonly visuals?: ConditionEmbedding;
  readonly encoder: Encoder;
  readonly decoder: Decoder;
  readonly head: Head;
  readonly #patterns: Readonly<Record<"encoder" | "decoder" | "cross" | "text", AttentionPattern>>;

  /** @throws NuwaError `CONFIG` that names every bad field */
  static create(config: EncoderDecoderInput, rng: Rng): EncoderDecoder {
    return new EncoderDecoder(parseConfig(config), rng);
  }

  constructor(config: EncoderDecoderConfig, rng: Rng) {
    const { dim } = config;
    const { text, sketch, visual } = conditionTables(config);
    this.config = config;
    this.#patterns = {
      encoder: patternFromConfig(config.encoderPattern),
      decoder: patternFromConfig(config.decoderPattern),
      cross: patternFromConfig(config.crossPattern ?? config.decoderPattern),
      text: full(), // the window (1, 1, all) of a text
    };
    this.targets = new TargetEmbedding(config, rng.fork("targets"));
    this.texts = new ConditionEmbedding({ ...text, dim }, rng.fork("texts"));
    if (sketch) this.sketches = new ConditionEmbedding({ ...sketch, dim }, rng.fork("sketches"));
    if (visual) this.visuals = new ConditionEmbedding({ ...visual, dim }, rng.fork("visuals"));
    this.encoder = new Encoder(config, rng.fork("encoder"));
    this.decoder = new Decoder(config, rng.fork("decoder"));
    const tied = config.tiedHead ? this.targets.table(shiftInputs[config.shift].at(-1)!) : undefined;
    this.head = new Head(config, rng.fork("head"), tied);
  }

  /** The decoder's self-attention, for `decodeSchedule`. */
  get decoderPattern(): AttentionPattern {
    return this.#patterns.decoder;
  }

  /**
   * Encodes conditions. Neighbours in the list that lie on the same grid share a group; the caller disposes
   * each group's `hidden` `[count, tokens, dim]`.
   *
   * @throws NuwaError `INPUT` for conditions that the model cannot read
   */
  encode(conditions: readonly Condition[], options: TrainingOptions = {}): EncodedGroup[] {
    return groupConditions(conditions, this.config).map((group) => ({
      hidden: this.#encodeGroup(group, options),
      count: group.count,
      grid: group.grid,
      pattern: group.family === "text" ? this.#patterns.text : this.#patterns.cross,
    }));
  }

  /**
   * The logits of every token given those before it: `[batch, tokens, codebookSize]`.
   *
   * @throws NuwaError `SHAPE` or `INPUT` when the targets do not fit the grid or the conditions
   */
  logits(options: LogitsOptions): tf.Tensor3D {
    const { conditions, targets, grid, rng, checkpointing } = options;
    checkTargetGrid("EncoderDecoder grid", grid, this.config);
    checkTargets(targets, conditions.length, grid);
    return tf.tidy(() => {
      const inputs = this.targets.apply(targets, grid);
      const encoded = this.encode(conditions, { rng, checkpointing });
      const hidden = this.decoder.apply(inputs, {
        pattern: this.#patterns.decoder,
        grid,
        conditions: encoded,
        rng,
        checkpointing,
      });
      return this.head.apply(hidden) as tf.Tensor3D;
    });
  }

  /**
   * The negative log-likelihood of the targets, in nats a token. Differentiable: call it inside
   * `valueAndGradients(() => model.loss(...), namedParams(model))`.
   */
  loss(options: LossOptions): LossResult {
    return modelLoss(this, options);
  }

  dispose(): void {
    disposeParams(this);
  }

  #encodeGroup(group: ConditionGroup, options: TrainingOptions): tf.Tensor {
    const { family, grid } = group;
    const embedding = { text: this.texts, sketch: this.sketches, visual: this.visuals }[family]!;
    const pattern = family === "text" ? this.#patterns.text : this.#patterns.encoder;
    return tf.tidy(() => this.encoder.apply(embedding.apply(group), { pattern, grid, ...options }));
  }
}

function checkTargets(targets: tf.Tensor, batch: number, grid: Grid): void {
  const wanted = [batch, tokenCount(grid)];
  if (targets.shape.join() !== wanted.join()) {
    throw new NuwaError(
      "SHAPE",
      `EncoderDecoder targets: wanted [${wanted.join(", ")}], one row a condition and one column a token, got [${targets.shape.join(", ")}].`,
    );
  }
  if (targets.dtype !== "int32") {
    throw new NuwaError(
      "INPUT",
      `EncoderDecoder targets: wanted int32 codes, got ${targets.dtype}. Cast them with tf.cast.`,
    );
  }
}
