import { type AttentionPattern, full } from "@nuwa/attention-3dna";
import { disposeParams, type Grid, type Rng, tokenCount } from "@nuwa/tensor3d";
import * as tf from "@tensorflow/tfjs-core";
import { type Condition, type ConditionLayout, groupConditions } from "./condition.ts";
import { ConditionEmbedding } from "./condition-embedding.ts";
import { conditionTables } from "./condition-tables.ts";
import { type EncoderDecoderConfig, type EncoderDecoderInput, parseConfig } from "./config.ts";
import { Decoder } from "./decoder.ts";
import type { EncodedGroup } from "./decoder-block.ts";
import { type DropoutMasks, drawMasks } from "./dropout-masks.ts";
import { Encoder } from "./encoder.ts";
import { checkTargetGrid, checkTargets } from "./grids.ts";
import { Head } from "./head.ts";
import { type LossOptions, type LossResult, lossOf } from "./loss.ts";
import { type LossInputs, lossInputs } from "./loss-inputs.ts";
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

export interface TrainingOptions extends Pick<LogitsOptions, "checkpointing"> {
  /** Of the encoder or the decoder, such as those of `LossInputs`. Default: none is dropped. */
  readonly masks?: DropoutMasks;
}

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
  encode(
    conditions: readonly Condition[],
    { rng, checkpointing }: Pick<LogitsOptions, "rng" | "checkpointing"> = {},
  ): EncodedGroup[] {
    return groupConditions(conditions, this.config).map(({ layout, tokens }) => {
      const indices = tf.tensor2d(tokens, [layout.count, tokenCount(layout.grid)], "int32");
      const masks = drawMasks(this.config, "encoder", indices.shape, rng);
      const encoded = this.encodeGroup(layout, indices, { masks, checkpointing });
      tf.dispose([indices, masks]);
      return encoded;
    });
  }

  /** As `encode`, of one group. @param tokens int32 `[count, tokens]`: indices into the table of the group's family */
  encodeGroup(layout: ConditionLayout, tokens: tf.Tensor2D, options: TrainingOptions = {}): EncodedGroup {
    const { family, grid, count } = layout;
    const embedding = { text: this.texts, sketch: this.sketches, visual: this.visuals }[family]!;
    const patterns = this.#patterns;
    const own = family === "text" ? patterns.text : patterns.encoder;
    const hidden = tf.tidy(() =>
      this.encoder.apply(embedding.apply(tokens, grid), { pattern: own, grid, ...options }),
    );
    return { hidden, count, grid, pattern: family === "text" ? patterns.text : patterns.cross };
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
      const encoded = this.encode(conditions, { rng, checkpointing });
      const masks = drawMasks(this.config, "decoder", [conditions.length, tokenCount(grid)], rng);
      return this.decode(targets, encoded, { grid, masks, checkpointing });
    });
  }

  /** The logits, as above, given encoded conditions. */
  decode(
    targets: tf.Tensor,
    conditions: readonly EncodedGroup[],
    options: TrainingOptions & { readonly grid: Grid },
  ): tf.Tensor3D {
    return tf.tidy(() => {
      const inputs = this.targets.apply(targets, options.grid);
      const pattern = this.#patterns.decoder;
      return this.head.apply(this.decoder.apply(inputs, { pattern, conditions, ...options })) as tf.Tensor3D;
    });
  }

  /**
   * The negative log-likelihood of the targets, in nats a token. Differentiable: call it inside
   * `valueAndGradients(() => model.loss(...), namedParams(model))`.
   *
   * @throws NuwaError `SHAPE` or `INPUT` when the targets do not fit the grid or the conditions
   */
  loss(options: LossOptions): LossResult {
    return tf.tidy(() => this.lossOf(this.lossInputs(options), options));
  }

  /**
   * What a loss is computed from, apart from the weights; noise and dropout are drawn here. The caller disposes the tensors.
   *
   * @throws NuwaError as `loss`
   */
  lossInputs(options: LossOptions): LossInputs {
    return lossInputs(this, options);
  }

  /** The loss from such inputs: tensors only, so that a step can be compiled. */
  lossOf(inputs: LossInputs, options: Pick<LossOptions, "checkpointing"> = {}): LossResult {
    return lossOf(this, inputs, options);
  }

  dispose(): void {
    disposeParams(this);
  }
}
