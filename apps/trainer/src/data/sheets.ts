import { writeContactSheets } from "@nuwa/data";
import { loadConfig } from "../config/load.ts";
import type { Console } from "../console/console.ts";
import { CREDIT } from "../model/license.ts";
import { openData } from "../train/data.ts";

export interface DataOptions {
  readonly config: string;
  readonly out: string;
}

/** `nuwa data`. */
export async function writeDataSheets({ config, out }: DataOptions, console: Console): Promise<void> {
  const { dataset, captions } = await openData(await loadConfig(config));
  const { images, videos } = dataset.combinations;
  console.line(`${dataset.emoji.length} emoji: ${dataset.emoji.join(", ")}`);
  console.line(`${dataset.backgrounds.length} backgrounds: ${dataset.backgrounds.join(", ")}`);
  console.line(`${dataset.motions.length} motions: ${dataset.motions.join(", ")}`);
  console.line(`images: ${splitWords(images)}; videos: ${splitWords(videos)}`);
  console.line(`captions: ${captions.vocabulary} words, at most ${captions.textLength} in one`);
  for (const notice of dataset.notices) console.line(notice);
  for (const path of await writeContactSheets(dataset, out)) console.line(`Wrote ${path}`);
  console.line(`Combinations that training never sees are framed red. ${CREDIT}`);
}

function splitWords({ train, heldOut }: { train: readonly unknown[]; heldOut: readonly unknown[] }): string {
  const all = train.length + heldOut.length;
  const share = ((100 * heldOut.length) / all).toFixed(1);
  return `${all} combinations, ${heldOut.length} of them held out (${share} %)`;
}
