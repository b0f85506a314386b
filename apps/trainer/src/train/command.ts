import { join } from "node:path";
import { selectBackend } from "../backend.ts";
import type { CommandContext } from "../command-context.ts";
import type { BackendName } from "../commands/options.ts";
import { loadConfig } from "../config/load.ts";
import { createRun, openRun, type RunFolder } from "../run/run-folder.ts";
import { trainRun } from "./train.ts";

export interface TrainOptions {
  readonly stage: "tokenizer" | "transformer" | "both";
  readonly config: string;
  readonly run?: string;
  readonly resume?: string;
  readonly backend: BackendName;
}

/** `nuwa train`. */
export async function runTraining(options: TrainOptions, context: CommandContext): Promise<void> {
  const run = await openFolder(options);
  await selectBackend(options.backend, context);
  context.console.line(`Run: ${run.path}`);
  const trained = await trainRun(run, options.stage, context);
  if (trained.model) context.console.line(`Model: ${run.model}`);
  else context.console.line(`Tokenizer: ${run.tokenizer}. Its pictures: ${join(run.gallery, "index.html")}`);
  trained.dispose();
}

async function openFolder({ stage, config, run, resume }: TrainOptions): Promise<RunFolder> {
  if (resume !== undefined) return openRun(resume);
  if (stage === "transformer" && run !== undefined) return openRun(run);
  const checked = await loadConfig(config);
  return createRun(run ?? join("runs", checked.name), checked);
}
