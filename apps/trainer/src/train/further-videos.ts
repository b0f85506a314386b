import { NuwaError } from "@nuwa/tensor3d";
import type { WholeRunConfig } from "../config/schema.ts";
import type { CodedSample, CodeTable } from "./code-table.ts";
import { openData, type RunData } from "./data.ts";

const SECTION = "transformer.train.tasks.videoPrediction.further";

/** Videos of emoji that the run's own data lacks, without captions. */
export interface FurtherVideos {
  readonly codes: CodeTable;
  readonly samples: readonly CodedSample[];
}

/**
 * The data of `videoPrediction.further`; undefined where the config has none.
 *
 * @throws NuwaError `CONFIG` for a wrong choice of emoji, or when the run's own data has all of them
 */
export async function openFurtherData(
  { data, transformer }: WholeRunConfig,
  { dataset }: RunData,
): Promise<RunData | undefined> {
  const { further } = transformer.train.tasks.videoPrediction;
  if (!further) return undefined;
  const opened = await openData({ data: { ...data, emoji: further.emoji, heldOut: 0 } }, SECTION);
  const own = new Set(dataset.emoji);
  if (opened.dataset.emoji.some((name) => !own.has(name))) return opened;
  throw new NuwaError(
    "CONFIG",
    `${SECTION}: wanted emoji that data.emoji lacks, got none. Name others, or leave further out.`,
  );
}

/** Those of the further videos whose emoji the run's own data lacks, lest a held-out combination be among them. */
export function furtherVideos(codes: CodeTable, { dataset }: RunData): FurtherVideos {
  const own = new Set(dataset.emoji);
  return { codes, samples: codes.videos.train.filter(({ combination }) => !own.has(combination.emoji)) };
}
