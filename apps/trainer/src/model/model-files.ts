import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { isNuwaError, NuwaError } from "@nuwa/tensor3d";
import { fileError } from "@nuwa/tensor3d/node";
import { parseVqConfig, VqModel } from "@nuwa/vqgan";
import { readTensors } from "../files/read-tensors.ts";

/** Names of the files that model folders and tokenizer folders have in common. */
export const CONFIG = "config.json";
export const IMAGE_TOKENIZER = "image-tokenizer.safetensors";
export const LICENSE = "LICENSE.txt";

/** @throws NuwaError `FILE` naming a file that is missing, cannot be read or is no JSON */
export async function readJson(path: string): Promise<unknown> {
  const text = await readFile(path, "utf8").catch((error) => {
    if (error.code !== "ENOENT") throw fileError("read", path, error);
    throw new NuwaError("FILE", `There is no ${path}.`, {
      hint: "Give a folder that `nuwa train` wrote, such as runs/<name>/model.",
    });
  });
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new NuwaError("FILE", `${path} is not sound JSON: ${(error as Error).message}.`, { cause: error });
  }
}

/** Runs what reads a file, and says in its errors which file it was. */
export async function naming<Result>(
  path: string,
  read: (path: string) => Result | Promise<Result>,
): Promise<Result> {
  try {
    return await read(path);
  } catch (error) {
    if (!isNuwaError(error)) throw fileError("read", path, error);
    if (error.message.includes(path)) throw error;
    throw new NuwaError(error.code, `${path}: ${error.message}`, { hint: error.hint, cause: error });
  }
}

/**
 * The image tokenizer of a folder, made from its section of the config. The caller disposes it.
 *
 * @throws NuwaError `CONFIG`, `FILE` or `CHECKPOINT` naming the file
 */
export async function readImageTokenizer(folder: string, config: unknown): Promise<VqModel> {
  const checked = await naming(join(folder, CONFIG), () => parseVqConfig(config));
  return naming(join(folder, IMAGE_TOKENIZER), async (file) => {
    const { tensors } = await readTensors(file);
    return VqModel.load(checked, tensors);
  });
}
