import { MovingOpenMoji } from "@nuwa/data";
import { CaptionTokenizer } from "@nuwa/tasks";
import type { RunConfig } from "../config/schema.ts";
import { inSectionAsync } from "../config/section.ts";

/** The data of a config, and the words of its captions. */
export interface RunData {
  readonly dataset: MovingOpenMoji;
  readonly captions: CaptionTokenizer;
}

/** @param section where the config stands, for errors; @throws NuwaError `CONFIG`, `FILE` */
export async function openData(config: Pick<RunConfig, "data">, section = "data"): Promise<RunData> {
  const dataset = await inSectionAsync(section, () => MovingOpenMoji.open(config.data));
  return { dataset, captions: CaptionTokenizer.build(dataset.captions()) };
}
