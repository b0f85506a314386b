import { join } from "node:path";
import type { MovingOpenMoji } from "@nuwa/data";
import { NuwaError } from "@nuwa/tensor3d";
import type { Console } from "../console/console.ts";
import { CONFIG, naming } from "../model/model-files.ts";
import { type ImageTokenizer, loadTokenizer } from "../model/tokenizer-folder.ts";
import { dataOpener, trainedSet, unseenSet } from "./picture-sets.ts";
import type { PictureSet } from "./pictures.ts";
import { type EmojiChoice, unseenDrawings } from "./unseen.ts";

/** A tokenizer with the pictures that it is evaluated on. */
export interface OpenedTokenizer {
  readonly folder: string;
  /** Its name, with the folder where several have that name. */
  readonly label: string;
  readonly tokenizer: ImageTokenizer;
  /** Of the drawings that it learnt from: held-out combinations where the data has them. */
  readonly trained: PictureSet;
  /** Of drawings that it never saw; absent where there are none, or none with its classes. */
  readonly unseen?: PictureSet;
}

export interface OpenedTokenizers {
  readonly tokenizers: readonly OpenedTokenizer[];
  /** Height and width of all their pictures. */
  readonly size: number;
  dispose(): void;
}

/**
 * Reads tokenizers and opens their data. Sprites lie at any aligned position, also where the data centres them.
 *
 * @param choice of unseen drawings; without it all that no tokenizer learnt from
 * @throws NuwaError naming the folder or the file that is at fault; `INPUT` for tokenizers of different sizes
 */
export async function openTokenizers(
  folders: readonly string[],
  choice: EmojiChoice | undefined,
  console: Console,
): Promise<OpenedTokenizers> {
  const read: ImageTokenizer[] = [];
  const dispose = (): void => {
    for (const { model } of read) model.dispose();
  };
  try {
    for (const folder of folders) read.push(await loadTokenizer(folder));
    const labels = labelsOf(folders, read);
    const size = commonSize(labels, read);
    const open = dataOpener(console);
    const datasets: MovingOpenMoji[] = [];
    for (const [index, { data }] of read.entries()) {
      const opened = await naming(join(folders[index], CONFIG), () => open({ ...data, placement: "random" }));
      assertSize(folders[index], opened.config.size, size);
      datasets.push(opened);
    }
    const seen = datasets.map(({ emoji }, index) => ({ label: labels[index], emoji }));
    const names = await unseenDrawings(seen, choice);
    const tokenizers: OpenedTokenizer[] = [];
    for (const [index, tokenizer] of read.entries()) {
      const trained = trainedSet(tokenizer, datasets[index]);
      const unseen = await unseenSet(tokenizer, datasets[index], names, open);
      tokenizers.push({ folder: folders[index], label: labels[index], tokenizer, trained, unseen });
    }
    return { tokenizers, size, dispose };
  } catch (error) {
    dispose();
    throw error;
  }
}

function labelsOf(folders: readonly string[], read: readonly ImageTokenizer[]): string[] {
  const names = read.map(({ name }) => name);
  return names.map((name, index) =>
    names.indexOf(name) === names.lastIndexOf(name) ? name : `${name} (${folders[index]})`,
  );
}

function commonSize(labels: readonly string[], read: readonly ImageTokenizer[]): number {
  const sizes = read.map(({ model }) => model.config.resolution);
  if (sizes.every((size) => size === sizes[0])) return sizes[0];
  const got = labels.map((label, index) => `${sizes[index]} (${label})`).join(", ");
  throw new NuwaError("INPUT", `Wanted tokenizers of pictures of one size, got ${got} pixels.`, {
    hint: "Evaluate each size by itself: figures of different sizes are not comparable.",
  });
}

function assertSize(folder: string, ofData: number, ofTokenizer: number): void {
  if (ofData === ofTokenizer) return;
  throw new NuwaError(
    "FILE",
    `${join(folder, CONFIG)}: wanted data of the tokenizer's size, ${ofTokenizer} pixels, got ${ofData}.`,
  );
}
