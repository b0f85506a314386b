import { NuwaError } from "@nuwa/tensor3d";
import type { VqModel } from "@nuwa/vqgan";
import type { RunConfig } from "../config/schema.ts";
import type { Progress } from "../console/progress.ts";
import { type CodedSample, CodeTable } from "./code-table.ts";
import { openData, type RunData } from "./data.ts";

const SECTION = "transformer.train.tasks.videoPrediction.further";

/** Videos of emoji that the run's own data lacks, without captions. */
export interface FurtherVideos {
  readonly codes: CodeTable;
  readonly samples: readonly CodedSample[];
}

/**
 * The videos of `videoPrediction.further`: those of its emoji that the captioned data lacks, lest a held-out
 * combination be among them. Undefined where the config has none.
 *
 * @throws NuwaError `CONFIG` when no emoji is left, or for a wrong choice of emoji
 */
export async function furtherVideos(
  { data, transformer }: RunConfig,
  { dataset }: RunData,
  tokenizer: VqModel,
  options: { readonly progress: () => Progress; readonly signal?: AbortSignal },
): Promise<FurtherVideos | undefined> {
  const { further } = transformer.train.tasks.videoPrediction;
  if (!further) return undefined;
  const more = await openData({ data: { ...data, emoji: further.emoji, heldOut: 0 } }, SECTION);
  const own = new Set(dataset.emoji);
  if (more.dataset.emoji.every((name) => own.has(name))) {
    throw new NuwaError(
      "CONFIG",
      `${SECTION}: wanted emoji that data.emoji lacks, got none. Name others, or leave further out.`,
    );
  }
  const progress = options.progress();
  const { signal } = options;
  const codes = await CodeTable.build(more.dataset, more.captions, tokenizer, { progress, signal }).finally(
    progress.finish,
  );
  return { codes, samples: codes.videos.train.filter(({ combination }) => !own.has(combination.emoji)) };
}
