import { type Grid, type Rng, sparseCrossEntropy } from "@nuwa/tensor3d";
import * as tf from "@tensorflow/tfjs-core";
import type { Condition } from "./condition.ts";
import type { LossInputs } from "./loss-inputs.ts";
import type { EncoderDecoder } from "./model.ts";

export interface LossOptions {
  /** One for each row of the targets. */
  readonly conditions: readonly Condition[];
  /** int32 `[batch, tokens]`, in raster order. */
  readonly targets: tf.Tensor;
  readonly grid: Grid;
  /** For dropout, input noise and blind rows, in training. Default: none of them. */
  readonly rng?: Rng;
  /** As for `logits`. */
  readonly checkpointing?: boolean;
  /** Share of the decoder's input tokens that are replaced by random codes; the targets stay. Default 0. */
  readonly inputNoise?: number;
  /**
   * Share of rows with a condition whose decoder reads no token at all, the border embedding instead: they teach
   * what the condition says, which few tokens of a seen picture depend on. Default 0.
   */
  readonly blindShare?: number;
  /** How much a token of the first frame counts against one of the others. Default 1. */
  readonly firstFrameWeight?: number;
  /** `[tokens]`: how much each position counts, such as 0 for given frames. Default 1 each. */
  readonly weights?: ArrayLike<number>;
}

/** Means in nats a token. A type, not an interface, so that it is a tensor container. */
export type LossResult = {
  /** The weighted mean: what training minimises. */
  readonly loss: tf.Scalar;
  /** The plain mean over all tokens. */
  readonly nll: tf.Scalar;
  /** `[frames]`: the plain mean over each frame. */
  readonly frameNll: tf.Tensor1D;
};

/** See `EncoderDecoder.lossOf`. */
export function lossOf(
  model: EncoderDecoder,
  { tensors, layout }: LossInputs,
  { checkpointing }: Pick<LossOptions, "checkpointing">,
): LossResult {
  const { targets, inputs = targets, conditions, masks, weights } = tensors;
  const { grid } = layout;
  return tf.tidy(() => {
    const encoded = layout.conditions.map((group, index) =>
      model.encodeGroup(group, conditions[index], { masks: masks.conditions[index], checkpointing }),
    );
    const logits = model.decode(inputs, encoded, { grid, masks: masks.targets, checkpointing });
    const rows = tf.reshape(logits, [-1, model.config.codebookSize]);
    const losses = sparseCrossEntropy(rows, tf.reshape(targets, [-1])); // [batch * tokens]
    const perPosition = tf.mean(tf.reshape(losses, targets.shape), 0); // [tokens]
    const frameNll = tf.mean(tf.reshape(perPosition, [grid.frames, -1]), 1) as tf.Tensor1D;
    const nll = tf.mean(frameNll) as tf.Scalar;
    const loss = weights ? tf.sum(tf.mul(perPosition, weights)) : tf.mean(perPosition);
    return { loss: loss as tf.Scalar, nll, frameNll };
  });
}
