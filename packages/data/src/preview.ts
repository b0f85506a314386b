import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { NuwaError } from "@nuwa/tensor3d";
import { type ContactSheetOptions, contactSheet } from "./contact-sheet.ts";
import type { Sample } from "./sample.ts";

/** One contact sheet of a dataset. */
export interface Preview extends ContactSheetOptions {
  /** The file's name without `.png`. */
  readonly name: string;
  readonly samples: readonly Sample<unknown>[];
}

/** A dataset that can show itself. */
export interface Previewed {
  previews(): Preview[];
}

/**
 * Writes a dataset's contact sheets as PNG files; samples held out of training are framed red.
 *
 * @returns the paths of the files
 * @throws NuwaError `FILE` when the folder cannot be written
 */
export async function writeContactSheets(dataset: Previewed, folder: string): Promise<string[]> {
  const paths: string[] = [];
  for (const { name, samples, ...options } of dataset.previews()) {
    const png = await contactSheet(samples, options);
    const path = join(folder, `${name}.png`);
    try {
      await mkdir(folder, { recursive: true });
      await writeFile(path, png);
    } catch (cause) {
      const message = `writeContactSheets: cannot write ${path}: ${(cause as Error).message}. Choose a writable folder.`;
      throw new NuwaError("FILE", message, { cause });
    }
    paths.push(path);
  }
  return paths;
}
