import type { TrainingTask } from "@nuwa/tasks";
import { NuwaError } from "@nuwa/tensor3d";
import { writeAtomically } from "@nuwa/tensor3d/node";
import type { CommandContext } from "../command-context.ts";
import { openData } from "../train/data.ts";
import { openFurtherData } from "../train/further-videos.ts";
import { splitLoss } from "../train/held-out-loss.ts";
import { trainingCodes } from "../train/training-codes.ts";
import { createLearner } from "../train/transformer-learner.ts";
import { type Evaluation, evaluationsPath, meanOfTasks } from "./evaluation.ts";
import { type AblationConfig, type AblationRun, runConfig } from "./plan.ts";
import { sharedTokenizer } from "./shared-tokenizer.ts";
import { type BudgetPosition, trainForBudget } from "./train-for-budget.ts";

type Losses = Partial<Record<TrainingTask, number>>;

/**
 * Trains one run from its beginning and writes a line for each evaluation to its file, in place of what was there.
 *
 * @throws NuwaError `TRAINING` when a likelihood is no longer a number
 */
export async function runOne(
  folder: string,
  ablation: AblationConfig,
  run: AblationRun,
  context: CommandContext,
): Promise<void> {
  const tokenizer = await sharedTokenizer(folder, ablation);
  try {
    const { cpuSeconds, evaluations, samples } = ablation.ablation;
    const config = runConfig(tokenizer.config, run);
    const data = await openData(config);
    const sources = await trainingCodes(data, await openFurtherData(config, data), tokenizer.model, context);
    const learner = createLearner(config, data);
    const progress = context.console.progress(run.name, Math.ceil(cpuSeconds), "CPU seconds");
    const lines: string[] = [];
    const path = evaluationsPath(folder, run);
    let figures: Record<string, number> = {};
    const show = ({ cpuSeconds: used, steps }: BudgetPosition): void =>
      progress.update(Math.floor(used), { steps, ...figures });
    try {
      await trainForBudget(learner, sources, {
        signal: context.signal,
        train: config.transformer.train,
        seed: run.seed,
        cpuSeconds,
        evaluations,
        evaluate: async (position) => {
          const nll = await splitLoss(learner.model, sources.codes, "heldOut", samples);
          const trainedNll = await splitLoss(learner.model, sources.codes, "train", samples);
          const evaluation = evaluationOf(run, position, nll, trainedNll);
          lines.push(`${JSON.stringify(evaluation)}\n`);
          await writeAtomically(path, lines.join(""));
          figures = { ...nll, mean: evaluation.meanNll };
          show(position);
        },
        onStep: show,
      });
    } finally {
      progress.finish();
      learner.optimizer.dispose();
      learner.model.dispose();
    }
  } finally {
    tokenizer.model.dispose();
  }
}

function evaluationOf(
  { name, variant, seed }: AblationRun,
  position: BudgetPosition,
  heldOut: Losses,
  trained: Losses,
): Evaluation {
  for (const [task, loss] of [...Object.entries(heldOut), ...Object.entries(trained)]) {
    if (Number.isFinite(loss)) continue;
    throw new NuwaError("TRAINING", `${name}: ${task} became ${loss} at step ${position.steps}.`, {
      hint: "Lower the learning rate, or clip gradients more (clipNorm).",
    });
  }
  const nll = heldOut as Required<Losses>; // checkVariants made sure that there are samples of all tasks
  const trainedNll = trained as Required<Losses>;
  return { variant, seed, ...position, nll, meanNll: meanOfTasks(nll), trainedNll };
}
