import { compile } from "@nuwa/backends";
import type { MovingOpenMoji } from "@nuwa/data";
import { loadParams, prefixed, Rng, type RngState, under } from "@nuwa/tensor3d";
import { type FeatureNetwork, parseTrainerConfig, TokenizerTrainer, VqModel } from "@nuwa/vqgan";
import * as tf from "@tensorflow/tfjs-core";
import type { RunConfig } from "../config/schema.ts";
import { inSection } from "../config/section.ts";
import { inputTensor } from "../model/tokenizer-input.ts";
import { lastCheckpoint } from "../run/checkpoint.ts";
import { compileMode } from "./compile-mode.ts";
import { featureNetwork } from "./feature-network.ts";
import { drawPlace, placeSample } from "./frame-source.ts";
import { tokenizerConfig } from "./model-configs.ts";
import { planSteps, secondsOfStep } from "./pace.ts";
import { reconstructionSheet } from "./samples.ts";
import { type LoopOptions, runStage, type StagePosition } from "./stage-loop.ts";
import { validateTokenizer } from "./tokenizer-quality.ts";

/** A trained image tokenizer, and how its training went. */
export interface TrainedTokenizer {
  readonly model: VqModel;
  readonly position: StagePosition;
}

type StageOptions = Omit<LoopOptions, "logEvery" | "checkpointEvery">;

/**
 * Trains the tokenizer of a run, from its last checkpoint where there is one. A finished one is only loaded.
 * The caller disposes the model.
 */
export async function trainTokenizer(
  dataset: MovingOpenMoji,
  options: StageOptions,
): Promise<TrainedTokenizer> {
  const features = await featureNetwork(options.run.config);
  try {
    return await trainWith(dataset, features, options);
  } finally {
    features?.dispose();
  }
}

async function trainWith(
  dataset: MovingOpenMoji,
  features: FeatureNetwork | undefined,
  options: StageOptions,
): Promise<TrainedTokenizer> {
  const { config, checkpoints } = options.run;
  const { train, input } = config.tokenizer;
  const checkpoint = await lastCheckpoint(checkpoints, "tokenizer");
  const totalSteps = checkpoint?.state.totalSteps ?? (await planTokenizer(dataset, features, options));
  const rng = new Rng(config.seed).fork("tokenizer training");
  const { model, trainer } = createLearner(dataset, config, totalSteps, rng.fork("trainer"), features);
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
            tensors: { ...prefixed(model.save().tensors, "model."), ...prefixed(own, "trainer.") },
            extra,
          };
        },
        restore: ({ state: { step, extra }, tensors }) => {
          loadParams(model, under(tensors, "model."));
          trainer.loadState({ step, rng: extra as RngState, tensors: under(tensors, "trainer.") });
        },
        validate: () => validateTokenizer({ model, input }, dataset, options.signal),
        sample: () => reconstructionSheet({ model, input }, dataset),
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
  { tokenizer: { train, input } }: RunConfig,
  rng: Rng,
): Promise<Record<string, tf.Scalar>> {
  const samples = Array.from({ length: train.batch }, () =>
    placeSample(dataset, drawPlace(dataset, "train", train.frameShare, rng)),
  );
  const batch = inputTensor(samples, input);
  const { phase } = trainer;
  try {
    const { commitment, perplexity, usage, dead, ...losses } = await trainer.trainStep(batch);
    if (phase !== "continuous") return { ...losses, commitment, perplexity, usage, dead };
    tf.dispose([commitment, perplexity, usage, dead]); // nothing is quantized yet
    return { ...losses };
  } finally {
    batch.dispose();
  }
}

/** The length of the stage; with a budget in minutes, measured on a model that is thrown away. */
async function planTokenizer(
  dataset: MovingOpenMoji,
  features: FeatureNetwork | undefined,
  { run: { config }, console }: StageOptions,
): Promise<number> {
  const { budget } = config.tokenizer.train;
  const steps = await planSteps(budget, async () => {
    const rng = new Rng(config.seed).fork("measure");
    const { model, trainer } = createLearner(dataset, config, 1000, rng, features);
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

/** A fresh tokenizer and its trainer. */
function createLearner(
  dataset: MovingOpenMoji,
  config: RunConfig,
  totalSteps: number,
  rng: Rng,
  features: FeatureNetwork | undefined,
): { model: VqModel; trainer: TokenizerTrainer } {
  const { optimizer, losses } = config.tokenizer.train;
  const mode = compileMode(config.tokenizer.train.compile);
  const model = VqModel.create(tokenizerConfig(config, { dataset }), new Rng(config.seed).fork("tokenizer"));
  try {
    const trainer = inSection("tokenizer.train", () => {
      const checked = parseTrainerConfig({ ...optimizer, losses, totalSteps });
      return new TokenizerTrainer(model, checked, rng, {
        features,
        compile: mode && ((step) => compile(step, { mode })),
      });
    });
    return { model, trainer };
  } catch (error) {
    model.dispose();
    throw error;
  }
}
