import { type Grid, NuwaError, tokenCount } from "@nuwa/tensor3d";
import * as tf from "@tensorflow/tfjs-core";
import { type ConditionLayout, groupConditions } from "./condition.ts";
import { drawMasks } from "./dropout-masks.ts";
import { checkTargetGrid, checkTargets } from "./grids.ts";
import type { LossOptions } from "./loss.ts";
import type { EncoderDecoder } from "./model.ts";

/** What changes from step to step of a training, all of it in tensors: `EncoderDecoder.lossOf` computes the loss of them. */
export interface LossInputs {
  readonly tensors: LossTensors;
  readonly layout: LossLayout;
}

/** A type, not an interface, so that it is a tensor container. */
export type LossTensors = {
  /** int32 `[batch, tokens]`. */
  readonly targets: tf.Tensor2D;
  /** int32 `[batch, tokens]`: what the decoder reads. Default: the targets. */
  readonly inputs?: tf.Tensor2D;
  /** int32 `[count, tokens]` of each group of conditions. */
  readonly conditions: tf.Tensor2D[];
  /** What dropout keeps, see `DropoutMasks`; none without an `rng` or a rate. */
  readonly masks: {
    /** Of each group of conditions. */
    readonly conditions: tf.Tensor3D[][];
    readonly targets: tf.Tensor3D[];
  };
  /** `[tokens]`, of sum 1: how much each position counts. Default: all alike. */
  readonly weights?: tf.Tensor1D;
};

/** What the tensors mean; it has no values. */
export interface LossLayout {
  readonly grid: Grid;
  readonly conditions: readonly ConditionLayout[];
}

/** See `EncoderDecoder.lossInputs`. */
export function lossInputs({ config }: EncoderDecoder, options: LossOptions): LossInputs {
  const { targets, grid, conditions, rng } = options;
  checkTargetGrid("EncoderDecoder grid", grid, config);
  checkTargets(targets, conditions.length, grid);
  const weights = positionWeights(options);
  const groups = groupConditions(conditions, config);
  const inputs = noisy(targets as tf.Tensor2D, options, config.codebookSize);
  const packed = groups.map(({ layout, tokens }) =>
    tf.tensor2d(tokens, [layout.count, tokenCount(layout.grid)], "int32"),
  );
  const tensors: LossTensors = {
    targets: tf.clone(targets as tf.Tensor2D),
    ...(inputs ? { inputs } : {}),
    conditions: packed,
    masks: {
      conditions: packed.map(({ shape }) => drawMasks(config, "encoder", shape, rng)),
      targets: drawMasks(config, "decoder", [conditions.length, tokenCount(grid)], rng),
    },
    ...(weights ? { weights: tf.tensor1d(weights) } : {}),
  };
  return { tensors, layout: { grid, conditions: groups.map(({ layout }) => layout) } };
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

/** Undefined where there is no noise. */
function noisy(targets: tf.Tensor2D, options: LossOptions, codebookSize: number): tf.Tensor2D | undefined {
  const { conditions, rng, inputNoise = 0, blindShare = 0 } = options;
  checkShare("inputNoise", inputNoise);
  checkShare("blindShare", blindShare);
  if (!rng || (inputNoise === 0 && blindShare === 0)) return undefined;
  const [rows, tokens] = targets.shape;
  const replaced = Uint8Array.from(rng.uniform(targets.size), (value) => (value < inputNoise ? 1 : 0));
  const codes = rng.integers(targets.size, codebookSize);
  rng.uniform(rows).forEach((value, row) => {
    if (value >= blindShare || conditions[row].kind === "none") return;
    replaced.fill(1, row * tokens, (row + 1) * tokens);
    codes.fill(codebookSize, row * tokens, (row + 1) * tokens); // the border's row of the tables
  });
  return tf.tidy(() => {
    const mask = tf.tensor(replaced, targets.shape, "bool");
    return tf.where(mask, tf.tensor(codes, targets.shape, "int32"), targets) as tf.Tensor2D;
  });
}

function checkShare(name: string, share: number): void {
  if (share >= 0 && share <= 1) return;
  throw new NuwaError("INPUT", `EncoderDecoder.loss: ${name} is a share in [0, 1], got ${share}.`);
}
