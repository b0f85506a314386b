import { type Grid, textGrid } from "@nuwa/tensor3d";
import type { EncoderDecoderConfig } from "./config.ts";

/** Conditions that share a table: None is a text, and an image a video of one frame. */
export type ConditionFamily = "text" | "sketch" | "visual";

export interface ConditionTable {
  /** How many tokens: rows of the table. */
  readonly count: number;
  /** The largest condition. */
  readonly grid: Grid;
}

/** The tables that a model of this config has, by what they are for. */
export function conditionTables(
  config: EncoderDecoderConfig,
): { readonly text: ConditionTable } & Partial<Record<ConditionFamily, ConditionTable>> {
  const { textLength, sketchCodebookSize, conditionGrid, visualConditions, codebookSize, targetGrid } =
    config;
  return {
    text: { count: specialTokens(config).none + 1, grid: textGrid(textLength) },
    ...(sketchCodebookSize !== undefined && {
      sketch: { count: sketchCodebookSize, grid: conditionGrid ?? targetGrid },
    }),
    ...(visualConditions && { visual: { count: codebookSize, grid: targetGrid } }),
  };
}

/** The table indices of padding and of "None", after the vocabulary. */
export function specialTokens({ textVocabulary }: EncoderDecoderConfig): { pad: number; none: number } {
  return { pad: textVocabulary, none: textVocabulary + 1 };
}
