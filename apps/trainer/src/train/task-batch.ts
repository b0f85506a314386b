import type { TaskBatch, TrainingTask } from "@nuwa/tasks";
import type { CodedSample, CodeTable } from "./code-table.ts";

/** The samples of one task as the objective wants them. */
export function taskBatch(task: TrainingTask, codes: CodeTable, samples: readonly CodedSample[]): TaskBatch {
  const texts = task === "videoPrediction" ? undefined : samples.map(({ tokens }) => tokens);
  const grid = { ...codes.frameGrid, frames: samples[0].frames.length };
  return { task, grid, texts, codes: codes.codesOf(samples) };
}
