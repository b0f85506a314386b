import { readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { type HostTensor, type HostTensorData, NuwaError } from "@nuwa/tensor3d";
import { fileError, writeSafetensors } from "@nuwa/tensor3d/node";
import type * as tf from "@tensorflow/tfjs-core";
import { readTensors } from "../files/read-tensors.ts";
import type { HistoryEntry } from "./history.ts";

export type Stage = "tokenizer" | "transformer";

/** What a checkpoint holds beside its tensors. */
export interface CheckpointState {
  readonly stage: Stage;
  /** Steps taken. Random streams and the place in the data follow from it and the config's seed. */
  readonly step: number;
  /** Steps of the whole stage, fixed when it began. */
  readonly totalSteps: number;
  /** Seconds of training so far. */
  readonly seconds: number;
  readonly history: readonly HistoryEntry[];
  /** What the stage adds: plain JSON. */
  readonly extra?: unknown;
}

export interface Checkpoint {
  readonly path: string;
  readonly state: CheckpointState;
  readonly tensors: Record<string, HostTensor>;
}

/** Checkpoints of each stage that are kept. */
const KEPT = 2;

/**
 * Writes a checkpoint whole or not at all, then removes all but the last two of its stage.
 *
 * @throws NuwaError `FILE` naming the file; older checkpoints are untouched then
 */
export async function saveCheckpoint(
  folder: string,
  state: CheckpointState,
  tensors: Readonly<Record<string, tf.Tensor | HostTensorData>>,
): Promise<string> {
  const path = join(folder, `${state.stage}-${String(state.step).padStart(8, "0")}.safetensors`);
  await writeSafetensors(path, tensors, { state: JSON.stringify(state) });
  const names = await checkpointNames(folder, state.stage);
  for (const name of names.slice(0, -KEPT)) await rm(join(folder, name), { force: true });
  return path;
}

/**
 * The last checkpoint of a stage, or undefined where there is none.
 *
 * @throws NuwaError `CHECKPOINT` naming a file that cannot be read
 */
export async function lastCheckpoint(folder: string, stage: Stage): Promise<Checkpoint | undefined> {
  const names = await checkpointNames(folder, stage);
  const last = names.at(-1);
  if (last === undefined) return undefined;
  const path = join(folder, last);
  try {
    const { tensors, metadata } = await readTensors(path);
    const state = JSON.parse(metadata.state ?? "null") as CheckpointState | null;
    if (state?.stage !== stage) throw new NuwaError("CHECKPOINT", `it is not a checkpoint of the ${stage}`);
    return { path, state, tensors };
  } catch (error) {
    const before = names.at(-2);
    const hint = before
      ? `Remove it to go on from the one before, ${join(folder, before)}.`
      : "It is the only one of its stage; remove it to begin the stage again.";
    const reason = error instanceof Error ? error.message : String(error);
    throw new NuwaError("CHECKPOINT", `Cannot read the checkpoint ${path}: ${reason}`, {
      hint,
      cause: error,
    });
  }
}

async function checkpointNames(folder: string, stage: Stage): Promise<string[]> {
  const names = await readdir(folder).catch((error) => {
    if (error.code === "ENOENT") return [];
    throw fileError("read the folder", folder, error);
  });
  return names.filter((name) => name.startsWith(`${stage}-`) && name.endsWith(".safetensors")).sort();
}
