import { EncoderDecoder } from "@nuwa/encdec";
import { drawTask, type TaskBatch, type TrainingTask } from "@nuwa/tasks";
import { AdamW, namedParams, Rng } from "@nuwa/tensor3d";
import type { WholeRunConfig } from "../config/schema.ts";
import type { CodeTable } from "./code-table.ts";
import type { RunData } from "./data.ts";
import type { FurtherVideos } from "./further-videos.ts";
import { transformerConfig } from "./model-configs.ts";
import { taskBatch } from "./task-batch.ts";
import type { Learner } from "./transformer-step.ts";

/** What a transformer learns from. */
export interface TrainingCodes {
  readonly codes: CodeTable;
  /** For video prediction alone. */
  readonly further?: FurtherVideos;
}

export type TransformerTraining = WholeRunConfig["transformer"]["train"];

/** The fresh transformer of a run's config with its optimizer; the caller disposes both. */
export function createLearner(config: WholeRunConfig, data: RunData): Learner {
  const { weightDecay, beta2, clipNorm } = config.transformer.train;
  const rng = new Rng(config.seed).fork("transformer");
  const model = EncoderDecoder.create(transformerConfig(config, data), rng);
  const params = namedParams(model);
  return { model, params, optimizer: new AdamW(params, { weightDecay, beta2, clipNorm }) };
}

/** @param progress share of the training that is done */
export function blindShareAt(
  { blindShare: { first, last, until } }: Pick<TransformerTraining, "blindShare">,
  progress: number,
): number {
  return progress >= until ? last : first + ((last - first) * progress) / until;
}

/** The batches of a step, of a task that is drawn by weight. */
export function drawBatches(sources: TrainingCodes, train: TransformerTraining, rng: Rng): TaskBatch[] {
  const task = drawTask(taskWeights(train), rng.fork("task"));
  return drawTaskBatches(task, sources, train, rng.fork(task));
}

/** Batches of one task: samples, each drawn from the training split, or further videos. */
export function drawTaskBatches(
  task: TrainingTask,
  sources: TrainingCodes,
  { tasks, accumulate }: TransformerTraining,
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

export const taskWeights = ({ tasks }: TransformerTraining): Record<TrainingTask, number> => ({
  textToImage: tasks.textToImage.weight,
  videoPrediction: tasks.videoPrediction.weight,
  textToVideo: tasks.textToVideo.weight,
});
