import { cp } from "node:fs/promises";
import { join } from "node:path";
import { checkMovingOpenMojiConfig } from "@nuwa/data";
import { NuwaError } from "@nuwa/tensor3d";
import type { VqModel } from "@nuwa/vqgan";
import type { CommandContext } from "../command-context.ts";
import { exists } from "../files/exists.ts";
import { replaceFolder } from "../files/replace-folder.ts";
import { CONFIG } from "../model/model-files.ts";
import { loadTokenizer } from "../model/tokenizer-folder.ts";
import type { RunFolder } from "../run/run-folder.ts";
import { trainRun } from "../train/train.ts";
import type { AblationConfig } from "./plan.ts";

/** The tokenizer of all runs, and the config with its model in place of the config's own. */
export interface SharedTokenizer {
  readonly model: VqModel;
  readonly config: AblationConfig;
}

/** Whether the folder has its tokenizer. */
export const hasTokenizer = ({ tokenizer }: Pick<RunFolder, "tokenizer">): Promise<boolean> =>
  exists(join(tokenizer, CONFIG));

/**
 * Copies a trained tokenizer into an ablation's folder.
 *
 * @throws NuwaError `FILE` as `loadTokenizer`; `INPUT` when it does not read the config's pictures
 */
export async function takeTokenizer(from: string, run: RunFolder, config: AblationConfig): Promise<void> {
  const { model } = await readTokenizer(from, config);
  model.dispose();
  await replaceFolder(run.tokenizer, [CONFIG], (folder) => cp(from, folder, { recursive: true }));
}

/** Trains it as `nuwa train tokenizer` does, from the last checkpoint where there is one. */
export async function trainSharedTokenizer(
  run: RunFolder,
  context: CommandContext & { readonly resumeCommand: string },
): Promise<void> {
  const trained = await trainRun(run, "tokenizer", context);
  trained.dispose();
}

/** Reads the tokenizer of an ablation's folder; the caller disposes its model. @throws NuwaError as `loadTokenizer` */
export const sharedTokenizer = (folder: string, config: AblationConfig): Promise<SharedTokenizer> =>
  readTokenizer(join(folder, "tokenizer"), config);

async function readTokenizer(folder: string, config: AblationConfig): Promise<SharedTokenizer> {
  const { model, input } = await loadTokenizer(folder);
  const { resolution } = model.config;
  const { size } = checkMovingOpenMojiConfig(config.data);
  if (input === "pixels" && resolution === size) {
    return { model, config: { ...config, tokenizer: { ...config.tokenizer, model: { ...model.config } } } };
  }
  model.dispose();
  throw new NuwaError(
    "INPUT",
    `${folder}: wanted a tokenizer of pixels in pictures of ${size}, as data.size says, got one of ${input} in pictures of ${resolution}.`,
  );
}
