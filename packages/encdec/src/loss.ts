import { type Grid, NuwaError, type Rng, sparseCrossEntropy, tokenCount } from "@nuwa/tensor3d";
import * as tf from "@tensorflow/tfjs-core";
import type { Condition } from "./condition.ts";
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

/** See `EncoderDecoder.loss`. */
export function modelLoss(model: EncoderDecoder, options: LossOptions): LossResult {
  const { targets, grid, conditions, rng, checkpointing } = options;
  const weights = positionWeights(options);
  return tf.tidy(() => {
    const inputs = noisy(targets, options, model.config.codebookSize);
    const logits = model.logits({ conditions, targets: inputs, grid, rng, checkpointing });
    const rows = tf.reshape(logits, [-1, model.config.codebookSize]);
    const losses = sparseCrossEntropy(rows, tf.reshape(targets, [-1])); // [batch * tokens]
    const perPosition = tf.mean(tf.reshape(losses, targets.shape), 0); // [tokens]
    const frameNll = tf.mean(tf.reshape(perPosition, [grid.frames, -1]), 1) as tf.Tensor1D;
    const nll = tf.mean(frameNll) as tf.Scalar;
    const loss = weights ? (tf.sum(tf.mul(perPosition, weights)) as tf.Scalar) : tf.mean(perPosition);
    return { loss: loss as tf.Scalar, nll, frameNll };
  });
}

/** Weights that sum to 1, or null where all are equal. */
function positionWeights({ grid, weights, firstFrameWeight = 1 }: LossOptions): Float32Array | null {
  const count = tokenCount(grid);
  if (weights && weights.length !== count) {
    throw new NuwaError(
      "SHAPE",
      `EncoderDecoder.loss: wanted one weight per token, ${count}, got ${weights.length}.`,
    );
  }
  if (!weights && (firstFrameWeight === 1 || grid.frames === 1)) return null;
  const values = Float32Array.from({ length: count }, (_, index) => weights?.[index] ?? 1);
  for (let index = 0; index < grid.height * grid.width; index++) values[index] *= firstFrameWeight;
  const total = values.reduce((sum, value) => sum + value, 0);
  if (!(total > 0)) {
    throw new NuwaError("INPUT", `EncoderDecoder.loss: the weights must have a positive sum, got ${total}.`);
  }
  return values.map((value) => value / total);
}

function noisy(targets: tf.Tensor, options: LossOptions, codebookSize: number): tf.Tensor {
  const { conditions, rng, inputNoise = 0, blindShare = 0 } = options;
  checkShare("inputNoise", inputNoise);
  checkShare("blindShare", blindShare);
  if (!rng || (inputNoise === 0 && blindShare === 0)) return targets;
  const [rows, tokens] = targets.shape;
  const replaced = Uint8Array.from(rng.uniform(targets.size), (value) => (value < inputNoise ? 1 : 0));
  const codes = rng.integers(targets.size, codebookSize);
  rng.uniform(rows).forEach((value, row) => {
    if (value >= blindShare || conditions[row].kind === "none") return;
    replaced.fill(1, row * tokens, (row + 1) * tokens);
    codes.fill(codebookSize, row * tokens, (row + 1) * tokens); // the border's row of the tables
  });
  const mask = tf.tensor(replaced, targets.shape, "bool");
  return tf.where(mask, tf.tensor(codes, targets.shape, "int32"), targets);
}

function checkShare(name: string, share: number): void {
  if (share >= 0 && share <= 1) return;
  throw new NuwaError("INPUT", `EncoderDecoder.loss: ${name} is a share in [0, 1], got ${share}.`);
}
