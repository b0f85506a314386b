import { join } from "node:path";
import { setImmediate as nextTurn } from "node:timers/promises";
import { type HostTensorData, NuwaError } from "@nuwa/tensor3d";
import { writeAtomically } from "@nuwa/tensor3d/node";
import type * as tf from "@tensorflow/tfjs-core";
import type { Console } from "../console/console.ts";
import { encodePng } from "../media/encode.ts";
import type { RawImage } from "../media/pixels.ts";
import { type Checkpoint, type Stage, saveCheckpoint } from "../run/checkpoint.ts";
import type { HistoryEntry } from "../run/history.ts";
import { interrupted } from "../run/interrupted.ts";
import { MeanMeter } from "../run/mean-meter.ts";
import type { RunFolder } from "../run/run-folder.ts";
import type { EventWriter } from "../tensorboard/event-writer.ts";

/** Tensors, and plain JSON. */
export interface Kept {
  readonly tensors: Readonly<Record<string, tf.Tensor | HostTensorData>>;
  readonly extra?: unknown;
}

/** What a stage does in a step, and what of it a checkpoint keeps. */
export interface StageWork {
  readonly stage: Stage;
  readonly title: string;
  readonly totalSteps: number;
  /** One update; the loop disposes the scalars. */
  step(step: number): Promise<Record<string, tf.Scalar>>;
  /** The figures that the progress display shows, of those that `step` gives. */
  readonly shown: readonly string[];
  /** What a checkpoint keeps. The tensors stay the stage's own. */
  keep(): Promise<Kept>;
  /** Takes up again what a checkpoint kept. */
  restore(checkpoint: Checkpoint): void;
  /** Further figures, taken at every checkpoint. */
  validate?(): Promise<Record<string, number>>;
  /** A picture of how far it came, made at every checkpoint. */
  sample?(): Promise<RawImage>;
}

/** Where a run stands within a stage. */
export interface StagePosition {
  readonly step: number;
  readonly seconds: number;
  readonly history: readonly HistoryEntry[];
}

const START: StagePosition = { step: 0, seconds: 0, history: [] };

export interface LoopOptions {
  readonly run: RunFolder;
  readonly console: Console;
  readonly signal: AbortSignal;
  readonly events: EventWriter;
  readonly logEvery: number;
  readonly checkpointEvery: number;
  /** What to tell a person who stopped it. Default: `nuwa train --resume` of the run. */
  readonly resumeCommand?: string;
}

/**
 * Runs the steps of a stage that are left after its last checkpoint, with progress, curves and checkpoints.
 *
 * @throws NuwaError `INTERRUPTED` after a checkpoint when the signal is aborted; `TRAINING` when the loss is
 *   no longer a number, without a checkpoint of it
 */
export async function runStage(
  work: StageWork,
  checkpoint: Checkpoint | undefined,
  options: LoopOptions,
): Promise<StagePosition> {
  const { run, console, signal, events, logEvery, checkpointEvery } = options;
  const { stage, title, totalSteps } = work;
  const from: StagePosition = checkpoint?.state ?? START;
  if (checkpoint) {
    work.restore(checkpoint);
    console.line(`${title}: goes on from ${checkpoint.path}, step ${from.step} of ${totalSteps}.`);
  }
  const meter = new MeanMeter();
  const history = [...from.history];
  const started = performance.now();
  const seconds = (): number => from.seconds + (performance.now() - started) / 1000;
  const progress = console.progress(title, totalSteps, "steps");
  const save = async (step: number): Promise<string> => {
    const { tensors, extra } = await work.keep();
    const state = { stage, step, totalSteps, seconds: seconds(), history, extra };
    return saveCheckpoint(run.checkpoints, state, tensors);
  };
  let figures: Record<string, number> = {};
  const note = (step: number, values: Record<string, number>): void => {
    assertFinite(values, stage, step);
    history.push({ step, seconds: seconds(), values });
    events.scalars(
      step,
      Object.fromEntries(Object.entries(values).map(([name, value]) => [`${stage}/${name}`, value])),
    );
    figures = { ...figures, ...pick(values, work.shown) };
  };
  const saveSample = async (image: RawImage, step: number): Promise<void> => {
    const png = await encodePng(image);
    await writeAtomically(join(run.samples, `${stage}-${String(step).padStart(8, "0")}.png`), png);
    events.image(step, `${stage}/sample`, { ...image, png });
  };
  let step = from.step;
  progress.begin(step);
  try {
    while (step < totalSteps) {
      meter.add(await work.step(step));
      step++;
      const last = step === totalSteps;
      const atCheckpoint = last || step % checkpointEvery === 0;
      if (step % logEvery === 0 || last) note(step, await meter.take());
      progress.update(step, figures);
      // Signals arrive between turns of the event loop, and steps may all be synchronous.
      await nextTurn();
      if (signal.aborted && !last) {
        const path = await save(step);
        throw interrupted(
          `Saved ${path}; go on with: ${options.resumeCommand ?? `nuwa train --resume ${run.path}`}`,
        );
      }
      if (atCheckpoint) {
        if (work.validate) note(step, await work.validate());
        if (work.sample) await saveSample(await work.sample(), step);
        await save(step);
      }
    }
    return { step, seconds: seconds(), history };
  } finally {
    meter.dispose();
    progress.finish();
  }
}

function assertFinite(values: Readonly<Record<string, number>>, stage: Stage, step: number): void {
  const broken = Object.entries(values).find(([, value]) => !Number.isFinite(value));
  if (!broken) return;
  throw new NuwaError("TRAINING", `The ${stage}'s ${broken[0]} became ${broken[1]} at step ${step}.`, {
    hint: "Lower the learning rate, or clip gradients more (clipNorm).",
  });
}

const pick = (values: Readonly<Record<string, number>>, names: readonly string[]): Record<string, number> =>
  Object.fromEntries(names.filter((name) => name in values).map((name) => [name, values[name]]));
