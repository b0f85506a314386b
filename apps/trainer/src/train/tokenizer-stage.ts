import type { MovingOpenMoji } from "@nuwa/data";
import { loadParams, Rng, type RngState } from "@nuwa/tensor3d";
import { parseTrainerConfig, TokenizerTrainer, VqModel } from "@nuwa/vqgan";
import * as tf from "@tensorflow/tfjs-core";
import type { RunConfig } from "../config/schema.ts";
import { inSection } from "../config/section.ts";
import { lastCheckpoint, tensorsUnder, underPrefix } from "../run/checkpoint.ts";
import { drawPlace, placesPixels } from "./frame-source.ts";
import { tokenizerConfig } from "./model-configs.ts";
import { planSteps, secondsOfStep } from "./pace.ts";
import { reconstructionSheet } from "./samples.ts";
import { type LoopOptions, runStage, type StagePosition } from "./stage-loop.ts";

/** A trained image tokenizer, and how its training went. */
export interface TrainedTokenizer {
  readonly model: VqModel;
  readonly position: StagePosition;
}

type StageOptions = Omit<LoopOptions, "logEvery" | "checkpointEvery">;

/** The tokenizer of a run's config. */
function createTokenizer(config: RunConfig, dataset: MovingOpenMoji): VqModel {
  return VqModel.create(tokenizerConfig(config, { dataset }), new Rng(config.seed).fork("tokenizer"));
}

/**
 * Trains the tokenizer of a run, from its last checkpoint where there is one. A finished one is only loaded.
 * The caller disposes the model.
 */
export async function trainTokenizer(
  dataset: MovingOpenMoji,
  options: StageOptions,
): Promise<TrainedTokenizer> {
  const { run } = options;
  const { config } = run;
  const { train } = config.tokenizer;
  const checkpoint = await lastCheckpoint(run.checkpoints, "tokenizer");
  const totalSteps = checkpoint?.state.totalSteps ?? (await planTokenizer(dataset, options));
  const model = createTokenizer(config, dataset);
  const rng = new Rng(config.seed).fork("tokenizer training");
  const trainer = createTrainer(model, config, totalSteps, rng.fork("trainer"));
  try {
    const position = await runStage(
      {
        stage: "tokenizer",
        title: "Image tokenizer",
        totalSteps,
        shown: ["reconstruction", "perplexity", "usage"],
        step: (step) => tokenizerStep(trainer, dataset, config, rng.fork("batch", step)),
        keep: async () => {
          const { rng: extra, tensors: own } = await trainer.state();
          return {
            tensors: { ...underPrefix(model.save().tensors, "model"), ...underPrefix(own, "trainer") },
            extra,
          };
        },
        restore: ({ state: { step, extra }, tensors }) => {
          loadParams(model, tensorsUnder(tensors, "model"));
          trainer.loadState({ step, rng: extra as RngState, tensors: tensorsUnder(tensors, "trainer") });
        },
        sample: () => reconstructionSheet(model, dataset),
      },
      checkpoint,
      { ...options, logEvery: train.logEvery, checkpointEvery: train.checkpointEvery },
    );
    return { model, position };
  } catch (error) {
    model.dispose();
    throw error;
  } finally {
    trainer.dispose();
  }
}

async function tokenizerStep(
  trainer: TokenizerTrainer,
  dataset: MovingOpenMoji,
  { tokenizer: { train } }: RunConfig,
  rng: Rng,
): Promise<Record<string, tf.Scalar>> {
  const { size } = dataset.config;
  const places = Array.from({ length: train.batch }, () =>
    drawPlace(dataset, "train", train.frameShare, rng),
  );
  const pixels = tf.tensor4d(placesPixels(dataset, places), [train.batch, size, size, 3]);
  const { phase } = trainer;
  try {
    const { commitment, perplexity, usage, dead, ...losses } = await trainer.trainStep(pixels);
    if (phase !== "continuous") return { ...losses, commitment, perplexity, usage, dead };
    tf.dispose([commitment, perplexity, usage, dead]); // nothing is quantized yet
    return losses;
  } finally {
    pixels.dispose();
  }
}

/** The length of the stage; with a budget in minutes, measured on a model that is thrown away. */
async function planTokenizer(dataset: MovingOpenMoji, { run, console }: StageOptions): Promise<number> {
  const { config } = run;
  const { budget } = config.tokenizer.train;
  const steps = await planSteps(budget, async () => {
    const model = createTokenizer(config, dataset);
    const rng = new Rng(config.seed).fork("measure");
    const trainer = createTrainer(model, config, 1000, rng);
    try {
      return await secondsOfStep(async () => {
        const scalars = await tokenizerStep(trainer, dataset, config, rng.fork(trainer.step));
        await scalars.loss.data();
        tf.dispose(scalars);
      });
    } finally {
      trainer.dispose();
      model.dispose();
    }
  });
  if ("minutes" in budget)
    console.line(`Image tokenizer: ${steps} steps fit into ${budget.minutes} minutes here.`);
  return steps;
}

function createTrainer(model: VqModel, config: RunConfig, totalSteps: number, rng: Rng): TokenizerTrainer {
  return inSection("tokenizer.train.optimizer", () => {
    const optimizer = parseTrainerConfig({ ...config.tokenizer.train.optimizer, totalSteps });
    return new TokenizerTrainer(model, optimizer, rng);
  });
}
