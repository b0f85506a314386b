import { setImmediate as nextTurn } from "node:timers/promises";
import { cosineSchedule, Rng } from "@nuwa/tensor3d";
import * as tf from "@tensorflow/tfjs-core";
import {
  blindShareAt,
  drawBatches,
  type TrainingCodes,
  type TransformerTraining,
} from "../train/transformer-learner.ts";
import { type Learner, TransformerSteps } from "../train/transformer-step.ts";
import { CpuClock } from "./cpu-clock.ts";
import type { Evaluation } from "./evaluation.ts";

/** How far a run came. */
export type BudgetPosition = Pick<Evaluation, "share" | "cpuSeconds" | "steps" | "tokens">;

export interface BudgetOptions {
  readonly train: TransformerTraining;
  /** Decides the batches: runs of one seed see the same ones in the same order. */
  readonly seed: number;
  readonly cpuSeconds: number;
  /** Evaluations at equal shares of the budget, the last one at its end. */
  readonly evaluations: number;
  /** Its time does not count. */
  evaluate(position: BudgetPosition): Promise<void>;
  onStep?(position: BudgetPosition): void;
  readonly signal?: AbortSignal;
  readonly clock?: CpuClock;
}

/**
 * Trains until the CPU time is used up. The learning rate, and what else changes in the course of training, follow the
 * share of the budget that is used, so that slow and fast models end at the same place of their schedules.
 *
 * @throws the signal's reason, after a step
 */
export async function trainForBudget(
  learner: Learner,
  sources: TrainingCodes,
  options: BudgetOptions,
): Promise<void> {
  const steps = new TransformerSteps(learner, options.train);
  try {
    await trainBy(steps, sources, options);
  } finally {
    steps.dispose();
  }
}

async function trainBy(all: TransformerSteps, sources: TrainingCodes, options: BudgetOptions): Promise<void> {
  const { train, seed, cpuSeconds, evaluations, signal, clock = new CpuClock() } = options;
  const rng = new Rng(seed).fork("transformer training");
  const learningRate = learningRateOf(train);
  let [steps, tokens, evaluated] = [0, 0, 0];
  while (true) {
    const progress = Math.min(clock.seconds / cpuSeconds, 1);
    while (evaluated < Math.floor(progress * evaluations)) {
      evaluated++;
      const position = { share: evaluated / evaluations, cpuSeconds: clock.seconds, steps, tokens };
      await clock.without(() => options.evaluate(position));
    }
    if (progress === 1) return;
    const own = rng.fork(steps);
    const batches = drawBatches(sources, train, own);
    tf.dispose(
      all.run(batches, {
        rng: own,
        learningRate: learningRate(steps, progress),
        blindShare: blindShareAt(train, progress),
      }),
    );
    steps++;
    for (const { codes } of batches) tokens += codes.length;
    options.onStep?.({ share: progress, cpuSeconds: clock.seconds, steps, tokens });
    await nextTurn(); // lets the events that abort run
    signal?.throwIfAborted();
  }
}

/** A linear rise over the first steps, and a cosine over the share of the budget. */
export function learningRateOf({
  learningRate: peak,
  finalShare,
  warmupSteps,
}: Pick<TransformerTraining, "learningRate" | "finalShare" | "warmupSteps">) {
  const fall = cosineSchedule({ peak, warmupSteps: 0, totalSteps: 1, final: peak * finalShare });
  return (step: number, progress: number): number =>
    Math.min(1, (step + 1) / Math.max(1, warmupSteps)) * fall(progress);
}
