import type { VqModel } from "@nuwa/vqgan";
import type { CommandContext } from "../command-context.ts";
import { CodeTable } from "./code-table.ts";
import type { RunData } from "./data.ts";
import { furtherVideos } from "./further-videos.ts";
import type { TrainingCodes } from "./transformer-learner.ts";

/** Encodes what a transformer learns from, with progress. @param furtherData as `openFurtherData` opens it */
export async function trainingCodes(
  data: RunData,
  furtherData: RunData | undefined,
  tokenizer: VqModel,
  { console, signal }: CommandContext,
): Promise<TrainingCodes> {
  const codesOf = ({ dataset, captions }: RunData, title: string): Promise<CodeTable> => {
    const progress = console.progress(title, 1, "pictures");
    return CodeTable.build(dataset, captions, tokenizer, { progress, signal }).finally(progress.finish);
  };
  const codes = await codesOf(data, "Codes");
  const further = furtherData && furtherVideos(await codesOf(furtherData, "Codes of further videos"), data);
  return { codes, further };
}
