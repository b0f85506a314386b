import { EncoderDecoder } from "@nuwa/encdec";
import { drawTask, type TaskBatch, TRAINING_TASKS, type TrainingTask } from "@nuwa/tasks";
import {
  AdamW,
  cosineSchedule,
  hasBfloat16,
  loadParams,
  namedParams,
  prefixed,
  Rng,
  under,
} from "@nuwa/tensor3d";
import type { VqModel } from "@nuwa/vqgan";
import * as tf from "@tensorflow/tfjs-core";
import type { WholeRunConfig } from "../config/schema.ts";
import { wholeRun } from "../config/whole-run.ts";
import { modelOf } from "../model/model-folder.ts";
import { lastCheckpoint } from "../run/checkpoint.ts";
import type { CodeTable } from "./code-table.ts";
import type { RunData } from "./data.ts";
import type { FurtherVideos } from "./further-videos.ts";
import { heldOutLoss } from "./held-out-loss.ts";
import { transformerConfig } from "./model-configs.ts";
import { planSteps, secondsOfStep } from "./pace.ts";
import { imageSheet } from "./samples.ts";
import { type LoopOptions, runStage, type StagePosition } from "./stage-loop.ts";
import { taskBatch } from "./task-batch.ts";
import { type Learner, transformerStep } from "./transformer-step.ts";

/** A trained transformer, and how its training went. */
export interface TrainedTransformer {
  readonly transformer: EncoderDecoder;
  readonly position: StagePosition;
}

/** What a transformer learns from. */
export interface TrainingCodes {
  readonly codes: CodeTable;
  /** For video prediction alone. */
  readonly further?: FurtherVideos;
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
  const create = (): Learner => createLearner(config, createTransformer(config, data));
  const totalSteps =
    checkpoint?.state.totalSteps ?? (await planTransformer(config, sources, create, console));
  const learner = create();
  const { model, optimizer } = learner;
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
          const task = drawTask(weightsOf(train), own.fork("task"));
          return transformerStep(learner, drawBatches(task, sources, train, own.fork(task)), train, {
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
    optimizer.dispose();
  }
}

type Training = WholeRunConfig["transformer"]["train"];

/** The transformer of a run's config. */
function createTransformer(config: WholeRunConfig, data: RunData): EncoderDecoder {
  const rng = new Rng(config.seed).fork("transformer");
  return EncoderDecoder.create(transformerConfig(config, data), rng);
}

function createLearner({ transformer: { train } }: WholeRunConfig, model: EncoderDecoder): Learner {
  const { weightDecay, beta2, clipNorm } = train;
  const params = namedParams(model);
  return { model, params, optimizer: new AdamW(params, { weightDecay, beta2, clipNorm }) };
}

/** @param progress share of the steps that are done */
export function blindShareAt(
  { blindShare: { first, last, until } }: Pick<Training, "blindShare">,
  progress: number,
): number {
  return progress >= until ? last : first + ((last - first) * progress) / until;
}

/** The batches of a step: samples of one task, each drawn from the training split, or further videos. */
function drawBatches(
  task: TrainingTask,
  sources: TrainingCodes,
  { tasks, accumulate }: Training,
  rng: Rng,
): TaskBatch[] {
  const { batch, firstFrameWeight } = tasks[task];
  const share = tasks.videoPrediction.further?.share ?? 0;
  const further = task === "videoPrediction" && rng.fork("further").uniform(1)[0] < share && sources.further;
  const { codes } = further || sources;
  const all = further ? further.samples : (task === "textToImage" ? codes.images : codes.videos).train;
  const samples = Array.from(rng.integers(batch * accumulate, all.length), (index) => all[index]);
  return Array.from({ length: accumulate }, (_, index) => {
    const own = samples.slice(index * batch, (index + 1) * batch);
    return { ...taskBatch(task, codes, own), firstFrameWeight };
  });
}

const weightsOf = ({ tasks }: Training): Record<TrainingTask, number> => ({
  textToImage: tasks.textToImage.weight,
  videoPrediction: tasks.videoPrediction.weight,
  textToVideo: tasks.textToVideo.weight,
});

const scheduleOf = ({ learningRate, finalShare, warmupSteps }: Training, totalSteps: number) =>
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
    const rng = new Rng(config.seed).fork("measure");
    const weights = weightsOf(train);
    const total = TRAINING_TASKS.reduce((sum, task) => sum + weights[task], 0);
    let mean = 0;
    try {
      for (const task of TRAINING_TASKS.filter((each) => weights[each] > 0)) {
        const seconds = await secondsOfStep(async () => {
          const scalars = transformerStep(learner, drawBatches(task, sources, train, rng), train, {
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
      learner.optimizer.dispose();
      learner.model.dispose();
    }
  });
  if ("minutes" in train.budget)
    console.line(`Transformer: ${steps} steps fit into ${train.budget.minutes} minutes here.`);
  return steps;
}
