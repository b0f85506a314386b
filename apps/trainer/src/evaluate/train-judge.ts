import type { MovingOpenMoji } from "@nuwa/data";
import { Rng } from "@nuwa/tensor3d";
import * as tf from "@tensorflow/tfjs-core";
import type { CommandContext } from "../command-context.ts";
import { type Judge, type JudgeAccuracy, judgeAccuracy, trainJudge } from "../judge/index.ts";
import type { Model } from "../model/model-folder.ts";
import { GIVEN_FRAMES } from "./evaluate.ts";

export interface TrainedJudge {
  readonly judge: Judge;
  /** How far it can be trusted, also on what the model's tokenizer makes of real pictures. */
  readonly accuracy: JudgeAccuracy;
  readonly seconds: number;
}

export interface JudgeOptions {
  readonly training: { readonly steps?: number; readonly images?: number; readonly clips?: number };
  readonly seed: number;
  /** Real pictures that its accuracy is measured on. */
  readonly accuracy?: { readonly images: number; readonly videos: number };
}

/** Trains the judge on real renderings, with progress. The caller disposes it. */
export async function trainedJudge(
  model: Pick<Model, "tokenizer">,
  dataset: MovingOpenMoji,
  { training, seed, accuracy: counts }: JudgeOptions,
  { console }: Pick<CommandContext, "console">,
): Promise<TrainedJudge> {
  const started = performance.now();
  const rng = new Rng(seed).fork("judge");
  const progress = console.progress("Judge", training.steps ?? 0, "steps");
  const onProgress = ({ step, steps, loss }: { step: number; steps: number; loss: number }): void => {
    progress.setTotal(steps);
    progress.update(step, { loss });
  };
  const judge = await trainJudge(dataset, { ...training, rng: rng.fork("training"), onProgress }).finally(
    progress.finish,
  );
  const seconds = (performance.now() - started) / 1000;
  try {
    const accuracy = await judgeAccuracy(judge, dataset, {
      rng: rng.fork("accuracy"),
      ...counts,
      given: GIVEN_FRAMES,
      reconstruct: (pixels) => reconstruct(model, pixels, dataset.config.size),
    });
    return { judge, accuracy, seconds };
  } catch (error) {
    judge.dispose();
    throw error;
  }
}

async function reconstruct(
  { tokenizer }: Pick<Model, "tokenizer">,
  pixels: Float32Array,
  size: number,
): Promise<Float32Array> {
  const count = pixels.length / (size * size * 3);
  const remade = tf.tidy(() => tokenizer.reconstruct(tf.tensor4d(pixels, [count, size, size, 3])));
  return (await remade.data().finally(() => remade.dispose())) as Float32Array;
}
