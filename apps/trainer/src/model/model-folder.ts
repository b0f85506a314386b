import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { checkMovingOpenMojiConfig, MovingOpenMoji } from "@nuwa/data";
import { type EncoderDecoder, type EncoderDecoderConfig, loadModel as loadTransformer } from "@nuwa/encdec";
import { CaptionTokenizer } from "@nuwa/tasks";
import { NuwaError, saveParams } from "@nuwa/tensor3d";
import { writeSafetensors } from "@nuwa/tensor3d/node";
import type { VqConfig, VqModel } from "@nuwa/vqgan";
import type { RunConfig, SamplingConfig } from "../config/schema.ts";
import { readTensors } from "../files/read-tensors.ts";
import { replaceFolder } from "../files/replace-folder.ts";
import { LICENSE_TEXT } from "./license.ts";
import { CONFIG, IMAGE_TOKENIZER, LICENSE, naming, readImageTokenizer, readJson } from "./model-files.ts";
import { storedAs, type WeightType } from "./weight-type.ts";

/** A text-to-image and -video model: pictures become codes, captions become codes, codes become pictures. */
export interface Model {
  readonly name: string;
  readonly tokenizer: VqModel;
  readonly transformer: EncoderDecoder;
  readonly captions: CaptionTokenizer;
  /** The data that it was trained on. */
  readonly data: RunConfig["data"];
  readonly sampling: SamplingConfig;
}

/** The model that a run trains. */
export function modelOf(
  { name, data, sampling }: RunConfig,
  { captions }: Pick<Model, "captions">,
  tokenizer: VqModel,
  transformer: EncoderDecoder,
): Model {
  return { name, tokenizer, transformer, captions, data, sampling };
}

interface ModelFile {
  readonly format: "nuwa-model";
  readonly version: 1;
  readonly name: string;
  readonly data: RunConfig["data"];
  readonly tokenizer: VqConfig;
  readonly transformer: EncoderDecoderConfig;
  readonly sampling: SamplingConfig;
}

const CAPTIONS = "tokenizer.json";
const TRANSFORMER = "transformer.safetensors";

export function disposeModel(model: Pick<Model, "tokenizer" | "transformer">): void {
  model.tokenizer.dispose();
  model.transformer.dispose();
}

/** Writes the folder whole or not at all, over an older model. @throws NuwaError `FILE` */
export async function saveModel(path: string, model: Model, weights: WeightType = "float32"): Promise<void> {
  const config: ModelFile = {
    format: "nuwa-model",
    version: 1,
    name: model.name,
    data: model.data,
    tokenizer: model.tokenizer.config,
    transformer: model.transformer.config,
    sampling: model.sampling,
  };
  await replaceFolder(path, [CONFIG], async (folder) => {
    await writeFile(join(folder, CONFIG), `${JSON.stringify(config, null, 2)}\n`);
    await writeFile(join(folder, CAPTIONS), `${JSON.stringify(model.captions, null, 2)}\n`);
    await writeFile(join(folder, LICENSE), LICENSE_TEXT);
    await writeSafetensors(join(folder, IMAGE_TOKENIZER), saveParams(model.tokenizer), {}, storedAs(weights));
    await writeSafetensors(join(folder, TRANSFORMER), saveParams(model.transformer), {}, storedAs(weights));
  });
}

/**
 * Reads a model folder. The caller disposes it with `disposeModel`.
 *
 * @throws NuwaError `FILE` or `CHECKPOINT` naming the file that is missing, damaged or does not fit
 */
export async function loadModel(path: string): Promise<Model> {
  const config = (await readJson(join(path, CONFIG))) as ModelFile;
  if (config?.format !== "nuwa-model" || config.version !== 1) {
    const got = `format ${JSON.stringify(config?.format)}, version ${JSON.stringify(config?.version)}`;
    throw new NuwaError("FILE", `${join(path, CONFIG)}: wanted format "nuwa-model", version 1, got ${got}.`);
  }
  const captions = await naming(join(path, CAPTIONS), async (file) =>
    CaptionTokenizer.fromJSON(await readJson(file)),
  );
  const tokenizer = await readImageTokenizer(path, config.tokenizer);
  try {
    const transformer = await naming(join(path, TRANSFORMER), async (file) => {
      const { tensors } = await readTensors(file);
      return loadTransformer({ config: config.transformer, tensors });
    });
    return {
      name: config.name,
      tokenizer,
      transformer,
      captions,
      data: config.data,
      sampling: config.sampling,
    };
  } catch (error) {
    tokenizer.dispose();
    throw error;
  }
}

/** The data set that a model was trained on. */
export const dataOf = (model: Pick<Model, "data">): Promise<MovingOpenMoji> =>
  MovingOpenMoji.open(model.data);

/** Frames of the model's videos. */
export const framesOf = (model: Pick<Model, "data">): number => checkMovingOpenMojiConfig(model.data).frames;
