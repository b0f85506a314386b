import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { NuwaError } from "@nuwa/tensor3d";
import { fileError, writeAtomically } from "@nuwa/tensor3d/node";
import { stringify } from "yaml";
import { parseConfig } from "../config/load.ts";
import type { RunConfig } from "../config/schema.ts";
import { exists } from "../files/exists.ts";

/** The places in a run's folder. */
export interface RunFolder {
  readonly path: string;
  readonly config: RunConfig;
  readonly checkpoints: string;
  readonly samples: string;
  /** The trained tokenizer of a run that trains it alone, once there is one. */
  readonly tokenizer: string;
  /** Its pictures and curves. */
  readonly gallery: string;
  /** The trained model, once there is one. */
  readonly model: string;
}

/**
 * Begins a run: its folder with a copy of the config.
 *
 * @throws NuwaError `FILE` when the folder holds a run already, or cannot be written
 */
export async function createRun(path: string, config: RunConfig): Promise<RunFolder> {
  if (await exists(join(path, "config.yaml"))) {
    throw new NuwaError("FILE", `${path} holds a run already.`, {
      hint: `Go on with it (nuwa train --resume ${path}), or choose another folder with --run.`,
    });
  }
  const folder = placesOf(path, config);
  try {
    await mkdir(folder.samples, { recursive: true });
    await mkdir(folder.checkpoints, { recursive: true });
  } catch (error) {
    throw fileError("write the run's folder", path, error);
  }
  await writeAtomically(join(path, "config.yaml"), stringify(config));
  return folder;
}

/** @throws NuwaError `FILE` when there is no run in the folder, `CONFIG` when its config is damaged */
export async function openRun(path: string): Promise<RunFolder> {
  const file = join(path, "config.yaml");
  const text = await readFile(file, "utf8").catch((error) => {
    if (error.code !== "ENOENT") throw fileError("read the run's config", file, error);
    throw new NuwaError("FILE", `There is no run in ${path}: it has no config.yaml.`, {
      hint: "Give the folder that `nuwa train` wrote.",
    });
  });
  return placesOf(path, parseConfig(text, file));
}

const placesOf = (path: string, config: RunConfig): RunFolder => ({
  path,
  config,
  checkpoints: join(path, "checkpoints"),
  samples: join(path, "samples"),
  tokenizer: join(path, "tokenizer"),
  gallery: join(path, "gallery"),
  model: join(path, "model"),
});
