import type { Condition, EncoderDecoder, LossInputs } from "@nuwa/encdec";
import { type Grid, NuwaError, type Rng, tokenCount } from "@nuwa/tensor3d";
import * as tf from "@tensorflow/tfjs-core";

/** The three tasks of the objective, in the order of its sum. */
export const TRAINING_TASKS = ["textToImage", "videoPrediction", "textToVideo"] as const;
export type TrainingTask = (typeof TRAINING_TASKS)[number];

/** Samples of one task. Video prediction has no texts: its condition is "None". */
export interface TaskBatch {
  readonly task: TrainingTask;
  readonly grid: Grid;
  /** One text a sample, as the tokenizer gives it. Left out for video prediction. */
  readonly texts?: readonly Int32Array[];
  /** `[samples * tokens]` in raster order. */
  readonly codes: Int32Array;
  /** How much the batch counts in the sum. Default 1. */
  readonly weight?: number;
  /** How much a token of the first frame counts against one of the others. Default 1. */
  readonly firstFrameWeight?: number;
}

export interface ObjectiveOptions {
  /** Share of texts that are replaced by "None", so that guidance works. Default 0.1. */
  readonly noneShare?: number;
  /**
   * Share of the words that a text loses, each by itself, so that the model learns what every word says alone and
   * not only together with the others; one that loses all becomes None. Default 0.
   */
  readonly wordDropout?: number;
  /** Share of the decoder's input tokens that are replaced by random codes. Default 0. */
  readonly inputNoise?: number;
  /** Share of samples whose decoder reads no token, only the condition; none where it is None. Default 0. */
  readonly blindShare?: number;
  /** The insides of the model's blocks are computed again in the backward pass instead of kept. Default false. */
  readonly checkpointing?: boolean;
  /** What all of these and the model's dropout are drawn from. Default: nothing is replaced or dropped, as in evaluation. */
  readonly rng?: Rng;
}

/** Scalars: what training minimises, and the mean negative log-likelihood of each task that was there. */
export type JointLoss = { readonly loss: tf.Scalar } & Partial<Record<TrainingTask, tf.Scalar>>;

/** A batch as `jointLossOf` reads it: what changes from step to step is in the tensors of `inputs`. */
export interface BatchInputs {
  readonly task: TrainingTask;
  readonly weight: number;
  readonly inputs: LossInputs;
}

/**
 * `L = L_T2I + L_V2V + L_T2V` over the batches given, each a mean in nats a token times the batch's weight.
 * Differentiable: call it inside `valueAndGradients`. A task may come in several batches.
 *
 * @throws NuwaError `INPUT` when there is no batch, or texts and codes do not fit
 */
export function jointLoss(
  model: EncoderDecoder,
  batches: readonly TaskBatch[],
  options: ObjectiveOptions = {},
): JointLoss {
  return tf.tidy(() => jointLossOf(model, jointInputs(model, batches, options), options));
}

/**
 * What the joint loss is computed from, apart from the weights: "None", dropped words, noise, blind samples and dropout are drawn here.
 * The caller disposes the tensors.
 *
 * @throws NuwaError as `jointLoss`
 */
export function jointInputs(
  model: EncoderDecoder,
  batches: readonly TaskBatch[],
  options: ObjectiveOptions = {},
): BatchInputs[] {
  if (batches.length === 0) throw new NuwaError("INPUT", "jointLoss: wanted at least one batch, got none.");
  const { noneShare = 0.1, wordDropout = 0, inputNoise = 0, blindShare = 0, rng } = options;
  return batches.map((batch, index) => {
    const { task, grid, weight = 1, firstFrameWeight } = batch;
    const samples = sampleCount(batch);
    const own = rng?.fork("batch", index);
    const targets = tf.tensor2d(batch.codes, [samples, tokenCount(grid)], "int32");
    const conditions = conditionsOf(batch, samples, { noneShare, wordDropout }, own);
    const noise = { rng: own?.fork("noise"), inputNoise, blindShare };
    try {
      const inputs = model.lossInputs({ conditions, targets, grid, firstFrameWeight, ...noise });
      return { task, weight, inputs };
    } finally {
      targets.dispose();
    }
  });
}

/** The joint loss from such inputs: tensors only, so that a step can be compiled. */
export function jointLossOf(
  model: EncoderDecoder,
  batches: readonly BatchInputs[],
  { checkpointing }: Pick<ObjectiveOptions, "checkpointing"> = {},
): JointLoss {
  return tf.tidy(() => {
    const parts = batches.map(({ task, weight, inputs }) => {
      const { loss, nll } = model.lossOf(inputs, { checkpointing });
      return { task, loss: tf.mul(loss, weight), nll };
    });
    const losses: { -readonly [Name in keyof JointLoss]: JointLoss[Name] } = {
      loss: tf.addN(parts.map(({ loss }) => loss)) as tf.Scalar,
    };
    for (const task of TRAINING_TASKS) {
      const own = parts.filter((part) => part.task === task);
      if (own.length === 0) continue;
      losses[task] = tf.div(tf.addN(own.map(({ nll }) => nll)), own.length) as tf.Scalar;
    }
    return losses;
  });
}

/** The task of a step, drawn by weight. */
export function drawTask(weights: Readonly<Record<TrainingTask, number>>, rng: Rng): TrainingTask {
  const total = TRAINING_TASKS.reduce((sum, task) => sum + weights[task], 0);
  if (!(total > 0)) throw new NuwaError("INPUT", "drawTask: wanted at least one weight above 0.");
  let left = rng.uniform(1)[0] * total;
  for (const task of TRAINING_TASKS) {
    if (left < weights[task]) return task;
    left -= weights[task];
  }
  return TRAINING_TASKS.findLast((task) => weights[task] > 0)!; // rounding
}

function sampleCount({ task, texts, codes, grid }: TaskBatch): number {
  const tokens = tokenCount(grid);
  const samples = codes.length / tokens;
  const wantsTexts = task !== "videoPrediction";
  if (samples >= 1 && Number.isInteger(samples) && (wantsTexts ? texts?.length === samples : !texts))
    return samples;
  const wanted = wantsTexts ? "one text for each sample" : "no texts";
  throw new NuwaError(
    "INPUT",
    `jointLoss ${task}: wanted ${wanted} and a multiple of ${tokens} codes, got ${texts?.length ?? 0} texts and ${codes.length} codes.`,
  );
}

function conditionsOf(
  { texts }: TaskBatch,
  samples: number,
  { noneShare, wordDropout }: { noneShare: number; wordDropout: number },
  rng: Rng | undefined,
): Condition[] {
  if (!texts) return Array.from({ length: samples }, () => ({ kind: "none" }));
  const dropped = rng?.fork("none").uniform(samples);
  const words = rng?.fork("words");
  return texts.map((tokens, index) => {
    if (dropped && dropped[index] < noneShare) return { kind: "none" };
    const draws = words?.uniform(tokens.length);
    const kept = draws ? tokens.filter((_, place) => draws[place] >= wordDropout) : tokens;
    return kept.length > 0 ? { kind: "text", tokens: kept } : { kind: "none" };
  });
}
