import { extname } from "node:path";
import { NuwaError, Rng } from "@nuwa/tensor3d";
import { writeAtomically } from "@nuwa/tensor3d/node";
import { selectBackend } from "../backend.ts";
import type { CommandContext } from "../command-context.ts";
import type { BackendName } from "../commands/options.ts";
import { markdownTable, textTable } from "../console/text-table.ts";
import { assertWritable } from "../files/assert-writable.ts";
import { CREDIT } from "../model/license.ts";
import { type Embedding, objectionTo } from "./embedding.ts";
import { type EvaluatedTokenizer, evaluateTokenizers } from "./evaluate-all.ts";
import { type ReportOptions, remarksOn, resultsOf, tablesOf } from "./report.ts";
import { reconstructionSheet } from "./sheet.ts";
import { openTokenizers } from "./tokenizers.ts";
import { parseEmojiChoice } from "./unseen.ts";

export interface EvaluateTokenizerOptions {
  readonly model: readonly string[];
  readonly pictures: number;
  readonly unseen?: string;
  readonly out?: string;
  readonly markdown?: string;
  readonly sheet?: string;
  readonly seed: number;
  readonly backend: BackendName;
}

/**
 * `nuwa evaluate tokenizer`.
 *
 * @param openEmbedding opens the network behind the Fréchet distance, which is left out without one
 */
export async function runEvaluateTokenizer(
  options: EvaluateTokenizerOptions,
  context: CommandContext,
  openEmbedding?: () => Promise<Embedding>,
): Promise<void> {
  const { model: folders, pictures, seed, out, markdown, sheet } = options;
  const { console } = context;
  const choice = options.unseen === undefined ? undefined : parseEmojiChoice(options.unseen);
  if (sheet !== undefined && extname(sheet).toLowerCase() !== ".png") {
    throw new NuwaError("INPUT", `--sheet ${sheet}: wanted .png for a picture.`);
  }
  for (const path of [out, markdown, sheet]) if (path !== undefined) await assertWritable(path);
  await selectBackend(options.backend, context);
  const { tokenizers, size, dispose } = await openTokenizers(folders, choice, console);
  let network: Embedding | undefined;
  try {
    network = await openEmbedding?.();
    const objection = network && objectionTo(network, size);
    const embedding = objection === undefined ? network : undefined;
    const evaluated = await evaluateTokenizers(tokenizers, { pictures, seed, embedding }, context);
    const report: ReportOptions = { seed, size, features: embedding?.name };
    const tables = tablesOf(evaluated, report);
    const remarks = remarksOn(evaluated, objection);
    for (const line of [...tables.flatMap((cells) => [...textTable(cells), ""]), ...remarks])
      console.line(line);
    await write(out, () => `${JSON.stringify(resultsOf(evaluated, report), null, 2)}\n`);
    const text = [...tables.flatMap((cells) => [...markdownTable(cells), ""]), ...remarks];
    await write(markdown, () => `${text.join("\n")}\n`);
    await write(sheet, () => sheetOf(evaluated, seed));
    if (sheet !== undefined) console.line(CREDIT);
  } finally {
    network?.dispose();
    dispose();
  }

  async function write(path: string | undefined, content: () => string | Promise<Uint8Array>): Promise<void> {
    if (path === undefined) return;
    await writeAtomically(path, await content());
    console.line(`Wrote ${path}`);
  }
}

const sheetOf = (evaluated: readonly EvaluatedTokenizer[], seed: number): Promise<Uint8Array> =>
  reconstructionSheet(evaluated.map((each) => ({ ...each, rng: new Rng(seed).fork("sheet") })));
