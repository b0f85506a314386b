import { MovingOpenMoji, type MovingOpenMojiConfig, readCatalog } from "@nuwa/data";
import type { Console } from "../console/console.ts";
import type { ImageTokenizer } from "../model/tokenizer-folder.ts";
import type { PictureSet } from "./pictures.ts";

export type OpenData = (config: MovingOpenMojiConfig) => Promise<MovingOpenMoji>;

/** Opens data with progress; the same config gives the same data. */
export function dataOpener(console: Console): OpenData {
  const opened = new Map<string, MovingOpenMoji>();
  return async (config) => {
    const key = JSON.stringify(config);
    const before = opened.get(key);
    if (before) return before;
    const progress = console.progress("Drawings", 0, "drawings");
    const dataset = await MovingOpenMoji.open(config, {
      onProgress({ done, total }) {
        progress.setTotal(total);
        progress.update(done);
      },
    }).finally(progress.finish);
    opened.set(key, dataset);
    return dataset;
  };
}

/**
 * The drawings that a tokenizer learnt from, in combinations that it did not where the data has some. Line art and
 * segmentations do not show a background, so no combination of theirs is new: all are taken.
 */
export function trainedSet({ input }: Pick<ImageTokenizer, "input">, dataset: MovingOpenMoji): PictureSet {
  const { train, heldOut } = dataset.combinations.images;
  if (input !== "pixels") return { dataset, combinations: [...train, ...heldOut], heldOut: false };
  return heldOut.length > 0
    ? { dataset, combinations: heldOut, heldOut: true }
    : { dataset, combinations: train, heldOut: false };
}

/**
 * Unseen drawings in all their combinations, of the same sizes as the trained ones. For a tokenizer of segmentations
 * only those whose classes it knows, under its own indices.
 *
 * @returns undefined where there is no such drawing
 */
export async function unseenSet(
  { input, data }: Pick<ImageTokenizer, "input" | "data">,
  trained: MovingOpenMoji,
  names: readonly string[],
  open: OpenData,
): Promise<PictureSet | undefined> {
  const known = trained.segmentationClasses;
  const byGroup = trained.config.segmentation === "group";
  if (input === "segmentation" && !byGroup) return undefined; // each drawing is a class of its own
  const emoji = input === "segmentation" ? await namesInGroups(names, known) : [...names];
  if (emoji.length === 0) return undefined;
  const changes = { emoji, heldOut: 0, placement: "random", segmentation: "group" } as const;
  const dataset = await open({ ...data, ...changes });
  const { train } = dataset.combinations.images;
  const classes = dataset.segmentationClasses.map((name) => known.indexOf(name));
  return { dataset, combinations: train, heldOut: false, classes };
}

async function namesInGroups(names: readonly string[], groups: readonly string[]): Promise<string[]> {
  const { entries } = await readCatalog();
  const groupOf = new Map(entries.map(({ name, group }) => [name, group]));
  return names.filter((name) => groups.includes(groupOf.get(name)!));
}
