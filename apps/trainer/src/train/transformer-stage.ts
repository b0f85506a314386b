import type { EncoderDecoder } from "@nuwa/encdec";
import { TRAINING_TASKS } from "@nuwa/tasks";
import { cosineSchedule, hasBfloat16, loadParams, namedParams, prefixed, Rng, under } from "@nuwa/tensor3d";
import type { VqModel } from "@nuwa/vqgan";
import * as tf from "@tensorflow/tfjs-core";
import type { WholeRunConfig } from "../config/schema.ts";
import { wholeRun } from "../config/whole-run.ts";
import { modelOf } from "../model/model-folder.ts";
import { lastCheckpoint } from "../run/checkpoint.ts";
import type { RunData } from "./data.ts";
import { heldOutLoss } from "./held-out-loss.ts";
import { planSteps, secondsOfStep } from "./pace.ts";
import { imageSheet } from "./samples.ts";
import { type LoopOptions, runStage, type StagePosition } from "./stage-loop.ts";
import {
  blindShareAt,
  createLearner,
  drawBatches,
  drawTaskBatches,
  type TrainingCodes,
  type TransformerTraining,
  taskWeights,
} from "./transformer-learner.ts";
import { type Learner, TransformerSteps } from "./transformer-step.ts";

/** A trained transformer, and how its training went. */
export interface TrainedTransformer {
  readonly transformer: EncoderDecoder;
  readonly position: StagePosition;
}

type StageOptions = Omit<LoopOptions, "logEvery" | "checkpointEvery">;

/**
 * Trains the transformer of a run on codes, from its last checkpoint where there is one. A finished one is
 * only loaded. The caller disposes the transformer.
 */
export async function trainTransformer(
  data: RunData,
  sources: TrainingCodes,
  tokenizer: VqModel,
  options: StageOptions,
): Promise<TrainedTransformer> {
  const { run, console } = options;
  const config = wholeRun(run.config);
  const { train } = config.transformer;
  if (train.precision === "bfloat16" && !hasBfloat16())
    console.line("Transformer: this backend has no bfloat16 and multiplies in float32.");
  const checkpoint = await lastCheckpoint(run.checkpoints, "transformer");
  const create = (): Learner => createLearner(config, data);
  const totalSteps =
    checkpoint?.state.totalSteps ?? (await planTransformer(config, sources, create, console));
  const learner = create();
  const { model, optimizer } = learner;
  const steps = new TransformerSteps(learner, train);
  const rng = new Rng(run.config.seed).fork("transformer training");
  const learningRate = scheduleOf(train, totalSteps);
  try {
    const position = await runStage(
      {
        stage: "transformer",
        title: "Transformer",
        totalSteps,
        shown: TRAINING_TASKS,
        step: async (step) => {
          const own = rng.fork(step);
          return steps.run(drawBatches(sources, train, own), {
            rng: own,
            learningRate: learningRate(step),
            blindShare: blindShareAt(train, step / totalSteps),
          });
        },
        keep: async () => ({
          tensors: {
            ...prefixed(namedParams(model), "model."),
            ...prefixed(await optimizer.state(), "optimizer."),
          },
        }),
        restore: ({ tensors }) => {
          loadParams(model, under(tensors, "model."));
          optimizer.loadState(under(tensors, "optimizer."));
        },
        validate: () => heldOutLoss(model, sources.codes),
        sample: () => imageSheet(modelOf(run.config, data, tokenizer, model), data.dataset),
      },
      checkpoint,
      { ...options, logEvery: train.logEvery, checkpointEvery: train.checkpointEvery },
    );
    return { transformer: model, position };
  } catch (error) {
    model.dispose();
    throw error;
  } finally {
    steps.dispose();
    optimizer.dispose();
  }
}

const scheduleOf = ({ learningRate, finalShare, warmupSteps }: TransformerTraining, totalSteps: number) =>
  cosineSchedule({
    peak: learningRate,
    warmupSteps: Math.min(warmupSteps, totalSteps - 1),
    totalSteps,
    final: learningRate * finalShare,
  });

/** The length of the stage; with a budget in minutes, measured on a model that is thrown away. */
async function planTransformer(
  config: WholeRunConfig,
  sources: TrainingCodes,
  create: () => Learner,
  console: { line(text: string): void },
): Promise<number> {
  const { train } = config.transformer;
  const steps = await planSteps(train.budget, async () => {
    const learner = create();
    const all = new TransformerSteps(learner, train);
    const rng = new Rng(config.seed).fork("measure");
    const weights = taskWeights(train);
    const total = TRAINING_TASKS.reduce((sum, task) => sum + weights[task], 0);
    let mean = 0;
    try {
      for (const task of TRAINING_TASKS.filter((each) => weights[each] > 0)) {
        const seconds = await secondsOfStep(async () => {
          const scalars = all.run(drawTaskBatches(task, sources, train, rng), {
            rng,
            learningRate: 0,
            blindShare: train.blindShare.first,
          });
          await scalars.gradientNorm.data();
          tf.dispose(scalars);
        });
        mean += (seconds * weights[task]) / total;
      }
      return mean;
    } finally {
      all.dispose();
      learner.optimizer.dispose();
      learner.model.dispose();
    }
  });
  if ("minutes" in train.budget)
    console.line(`Transformer: ${steps} steps fit into ${train.budget.minutes} minutes here.`);
  return steps;
}
