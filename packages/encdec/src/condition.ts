import { type Grid, NuwaError, textGrid, tokenCount } from "@nuwa/tensor3d";
import type { EncoderDecoderConfig } from "./config.ts";

/** What a target is generated from. */
export type Condition =
  | { readonly kind: "none" }
  | { readonly kind: "text"; readonly tokens: Int32Array }
  | { readonly kind: "sketch"; readonly grid: Grid; readonly codes: Int32Array };

/** Conditions next to each other in a batch whose tokens lie on the same grid and in the same tables. */
export interface ConditionGroup {
  readonly family: "text" | "sketch";
  readonly grid: Grid;
  /** How many conditions of the batch. */
  readonly count: number;
  /** `[count * tokens]` indices into the family's table. */
  readonly tokens: Int32Array;
}

/**
 * Checks conditions and groups neighbours of a kind. "None" is a text of the usual length filled with its
 * own token; short texts are filled with a padding token that is attended like any other.
 *
 * @throws NuwaError `INPUT` for tokens outside the vocabulary, texts or sketches that are too large, or
 * sketches where the config has none
 */
export function groupConditions(
  conditions: readonly Condition[],
  config: EncoderDecoderConfig,
): ConditionGroup[] {
  if (conditions.length === 0) {
    throw new NuwaError("INPUT", "groupConditions: wanted at least one condition, got none.");
  }
  const groups: { family: "text" | "sketch"; grid: Grid; rows: Int32Array[] }[] = [];
  conditions.forEach((condition, index) => {
    const sketch = condition.kind === "sketch";
    const grid = sketch ? condition.grid : textGrid(config.textLength);
    const row = sketch ? sketchTokens(condition, index, config) : textTokens(condition, index, config);
    const family = sketch ? "sketch" : "text";
    const last = groups.at(-1);
    if (last?.family === family && sameSize(last.grid, grid)) last.rows.push(row);
    else groups.push({ family, grid, rows: [row] });
  });
  return groups.map(({ family, grid, rows }) => {
    const tokens = new Int32Array(rows.length * tokenCount(grid));
    rows.forEach((row, index) => {
      tokens.set(row, index * row.length);
    });
    return { family, grid, count: rows.length, tokens };
  });
}

/** The table indices of padding and of "None", after the vocabulary. */
export function specialTokens({ textVocabulary }: EncoderDecoderConfig): { pad: number; none: number } {
  return { pad: textVocabulary, none: textVocabulary + 1 };
}

function textTokens(
  condition: Exclude<Condition, { kind: "sketch" }>,
  index: number,
  config: EncoderDecoderConfig,
): Int32Array {
  const { textLength, textVocabulary } = config;
  const { pad, none } = specialTokens(config);
  if (condition.kind === "none") return new Int32Array(textLength).fill(none);
  if (condition.kind !== "text") {
    const { kind } = condition as { kind: string };
    throw new NuwaError(
      "INPUT",
      `condition ${index}: kind must be none, text or sketch, got ${JSON.stringify(kind)}.`,
    );
  }
  const { tokens } = condition;
  if (tokens.length > textLength) {
    throw new NuwaError(
      "INPUT",
      `condition ${index}: a text has at most ${textLength} tokens, got ${tokens.length}. Shorten it, or train with a larger textLength.`,
    );
  }
  checkTokens(tokens, textVocabulary, `condition ${index}: a text's tokens`);
  const row = new Int32Array(textLength).fill(pad);
  row.set(tokens);
  return row;
}

function sketchTokens(
  { grid, codes }: Extract<Condition, { kind: "sketch" }>,
  index: number,
  { sketchCodebookSize, conditionGrid, targetGrid }: EncoderDecoderConfig,
): Int32Array {
  const where = `condition ${index}: a sketch`;
  if (sketchCodebookSize === undefined) {
    throw new NuwaError("INPUT", `${where} needs a model with sketchCodebookSize in its config.`);
  }
  const largest = conditionGrid ?? targetGrid;
  if (grid.height > largest.height || grid.width > largest.width || grid.frames > largest.frames) {
    throw new NuwaError(
      "INPUT",
      `${where} may be at most ${describe(largest)}, got ${describe(grid)} (height x width x frames).`,
    );
  }
  if (codes.length !== tokenCount(grid)) {
    throw new NuwaError(
      "INPUT",
      `${where} of ${describe(grid)} has ${tokenCount(grid)} codes, got ${codes.length}.`,
    );
  }
  checkTokens(codes, sketchCodebookSize, `${where}'s codes`);
  return codes;
}

/** @throws NuwaError `INPUT` naming the first token outside `[0, count)` */
export function checkTokens(tokens: Int32Array, count: number, what: string): void {
  const bad = tokens.findIndex((token) => !(token >= 0 && token < count));
  if (bad < 0) return;
  throw new NuwaError("INPUT", `${what} lie in [0, ${count}), got ${tokens[bad]} at ${bad}.`);
}

function sameSize(a: Grid, b: Grid): boolean {
  return a.height === b.height && a.width === b.width && a.frames === b.frames;
}

function describe({ height, width, frames }: Grid): string {
  return `${height}x${width}x${frames}`;
}
