import type { EncoderDecoder } from "@nuwa/encdec";
import { jointLoss, type TaskBatch } from "@nuwa/tasks";
import { type AdamW, accumulateGradients, autocast, type Rng } from "@nuwa/tensor3d";
import * as tf from "@tensorflow/tfjs-core";
import type { WholeRunConfig } from "../config/schema.ts";

/** A model in training. */
export interface Learner {
  readonly model: EncoderDecoder;
  readonly params: Record<string, tf.Variable>;
  readonly optimizer: AdamW;
}

/** What of a config a step reads. */
type Training = Pick<
  WholeRunConfig["transformer"]["train"],
  "noneShare" | "wordDropout" | "inputNoise" | "checkpointing" | "precision"
>;

export interface StepSettings {
  readonly rng: Rng;
  readonly learningRate: number;
  readonly blindShare: number;
}

/**
 * One update, by the mean of the gradients of some batches of equal size and of the same task.
 *
 * @returns the mean losses under the names of the tasks, and `gradientNorm`; the caller disposes the scalars
 */
export function transformerStep(
  { model, params, optimizer }: Learner,
  batches: readonly TaskBatch[],
  { precision, noneShare, wordDropout, inputNoise, checkpointing }: Training,
  { rng, learningRate, blindShare }: StepSettings,
): Record<string, tf.Scalar> {
  const options = { noneShare, wordDropout, inputNoise, checkpointing, blindShare };
  const lossOf = (index: number) => {
    const own = batches.length === 1 ? rng : rng.fork("part", index);
    return autocast(precision, () => jointLoss(model, [batches[index]], { ...options, rng: own }));
  };
  return tf.tidy(() => {
    const { value, gradients } = accumulateGradients(batches.length, lossOf, params);
    const gradientNorm = optimizer.step(gradients, learningRate);
    const { loss, ...tasks } = value;
    loss.dispose();
    return { ...tasks, gradientNorm };
  });
}
