import { NuwaError } from "@nuwa/tensor3d";
import type { VqModel } from "@nuwa/vqgan";
import type { CommandContext } from "../command-context.ts";
import type { RunConfig } from "../config/schema.ts";
import { wholeRun } from "../config/whole-run.ts";
import { writeTokenizerGallery } from "../gallery/tokenizer-gallery.ts";
import { disposeModel, type Model, modelOf, saveModel } from "../model/model-folder.ts";
import { type ImageTokenizer, saveTokenizer } from "../model/tokenizer-folder.ts";
import { lastCheckpoint } from "../run/checkpoint.ts";
import type { RunFolder } from "../run/run-folder.ts";
import { EventWriter } from "../tensorboard/event-writer.ts";
import { openData, type RunData } from "./data.ts";
import { openFurtherData } from "./further-videos.ts";
import { transformerConfig } from "./model-configs.ts";
import type { StagePosition } from "./stage-loop.ts";
import { type TrainedTokenizer, trainTokenizer } from "./tokenizer-stage.ts";
import { trainingCodes } from "./training-codes.ts";
import { trainTransformer } from "./transformer-stage.ts";

/** What training gave. `dispose` frees the models. */
export interface TrainedRun {
  readonly data: RunData;
  readonly tokenizer: VqModel;
  readonly tokenizerPosition: StagePosition;
  /** Absent when only the tokenizer was trained. */
  readonly model?: Model;
  readonly transformerPosition?: StagePosition;
  /** Seconds of computing the codes of all pictures. */
  readonly codeSeconds?: number;
  dispose(): void;
}

/**
 * Trains the stages of a run, each from its last checkpoint where there is one, and writes the model folder
 * after the last stage, or the tokenizer's folder and gallery where that is the only one.
 */
export async function trainRun(
  run: RunFolder,
  stage: "tokenizer" | "transformer" | "both",
  context: CommandContext & { readonly resumeCommand?: string },
): Promise<TrainedRun> {
  if (stage === "transformer") await assertTokenizerFinished(run);
  const whole = stage === "tokenizer" && !run.config.transformer ? undefined : wholeRun(run.config);
  const data = await openData(run.config);
  const furtherData = whole && (await openFurtherData(whole, data));
  if (whole) transformerConfig(whole, data); // what is wrong in it is said now, not after the tokenizer's training
  const events = new EventWriter(run.path);
  const options = { run, events, ...context };
  let tokenizer: VqModel | undefined;
  try {
    const first = await trainTokenizer(data.dataset, options);
    tokenizer = first.model;
    const common = { data, tokenizer, tokenizerPosition: first.position };
    if (stage === "tokenizer") {
      const finished = tokenizerOf(run.config, first);
      await saveTokenizer(run.tokenizer, finished, run.config.weights);
      await writeTokenizerGallery(run.gallery, finished, first.position.history, data.dataset);
      return { ...common, dispose: () => first.model.dispose() };
    }

    const started = performance.now();
    const sources = await trainingCodes(data, furtherData, tokenizer, context);
    const codeSeconds = (performance.now() - started) / 1000;
    const { transformer, position } = await trainTransformer(data, sources, tokenizer, options);
    const model = modelOf(run.config, data, tokenizer, transformer);
    await saveModel(run.model, model, run.config.weights);
    return {
      ...common,
      model,
      transformerPosition: position,
      codeSeconds,
      dispose: () => disposeModel(model),
    };
  } catch (error) {
    tokenizer?.dispose();
    throw error;
  } finally {
    events.close();
  }
}

/** What a tokenizer's folder says of it. */
function tokenizerOf(
  { name, data, tokenizer }: RunConfig,
  { model, position: { step: steps, seconds } }: TrainedTokenizer,
): Required<ImageTokenizer> {
  return { name, input: tokenizer.input, data, model, training: { steps, seconds } };
}

async function assertTokenizerFinished(run: RunFolder): Promise<void> {
  const checkpoint = await lastCheckpoint(run.checkpoints, "tokenizer");
  if (checkpoint && checkpoint.state.step === checkpoint.state.totalSteps) return;
  throw new NuwaError("INPUT", `The image tokenizer of ${run.path} is not trained yet.`, {
    hint: `Train it first: nuwa train tokenizer --resume ${run.path}`,
  });
}
