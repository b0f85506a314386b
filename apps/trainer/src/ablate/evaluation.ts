import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { TRAINING_TASKS, type TrainingTask } from "@nuwa/tasks";
import { NuwaError } from "@nuwa/tensor3d";
import { fileError } from "@nuwa/tensor3d/node";
import type { AblationRun } from "./plan.ts";

/** What a run had reached at a share of its budget: a line of its file. */
export interface Evaluation {
  readonly variant: string;
  readonly seed: number;
  /** Share of the budget that was used, up to 1. */
  readonly share: number;
  /** CPU seconds of training so far, without evaluations. */
  readonly cpuSeconds: number;
  readonly steps: number;
  /** Target tokens of all batches so far. */
  readonly tokens: number;
  /** Mean negative log-likelihood on held-out combinations, in nats a token. */
  readonly nll: Readonly<Record<TrainingTask, number>>;
  /** The mean over the tasks. */
  readonly meanNll: number;
  /** The likelihood of combinations that it trains on. */
  readonly trainedNll: Readonly<Record<TrainingTask, number>>;
}

/** The mean of the tasks. */
export const meanOfTasks = (nll: Evaluation["nll"]): number =>
  TRAINING_TASKS.reduce((sum, task) => sum + nll[task], 0) / TRAINING_TASKS.length;

/** The file of a run's evaluations. */
export const evaluationsPath = (folder: string, { name }: Pick<AblationRun, "name">): string =>
  join(folder, "runs", `${name}.jsonl`);

/** A run's evaluations so far; none where it has not begun. @throws NuwaError `FILE` naming a damaged file */
export async function readEvaluations(folder: string, run: Pick<AblationRun, "name">): Promise<Evaluation[]> {
  const path = evaluationsPath(folder, run);
  const text = await readFile(path, "utf8").catch((error) => {
    if (error.code === "ENOENT") return "";
    throw fileError("read", path, error);
  });
  try {
    return text
      .trim()
      .split("\n")
      .filter((line) => line !== "")
      .map((line) => JSON.parse(line) as Evaluation);
  } catch (error) {
    throw new NuwaError("FILE", `${path}: wanted a JSON object on each line: ${(error as Error).message}.`, {
      hint: "Remove the file; its run is then done again.",
      cause: error,
    });
  }
}

/** Whether the last of a run's evaluations is that of its end. */
export const isFinished = (evaluations: readonly Evaluation[]): boolean => evaluations.at(-1)?.share === 1;
