import { describeGrid, type Grid, NuwaError, sameGrid, textGrid, tokenCount } from "@nuwa/tensor3d";
import {
  type ConditionFamily,
  type ConditionTable,
  conditionTables,
  specialTokens,
} from "./condition-tables.ts";
import type { EncoderDecoderConfig } from "./config.ts";
import { fitsInto } from "./grids.ts";

/** What a target is generated from. The codes of images and videos are those of targets. */
export type Condition =
  | { readonly kind: "none" }
  | { readonly kind: "text"; readonly tokens: Int32Array }
  | { readonly kind: "sketch"; readonly grid: Grid; readonly codes: Int32Array }
  | { readonly kind: "image" | "video"; readonly grid: Grid; readonly codes: Int32Array };

/** A condition as rows of its family's table. */
interface ConditionTokens {
  readonly family: ConditionFamily;
  readonly grid: Grid;
  readonly tokens: Int32Array;
}

/** Conditions next to each other in a batch whose tokens lie on the same grid and in the same table. */
export interface ConditionLayout {
  readonly family: ConditionFamily;
  readonly grid: Grid;
  /** How many conditions of the batch. */
  readonly count: number;
}

export interface ConditionGroup {
  readonly layout: ConditionLayout;
  /** `[count * tokens]` indices into the family's table. */
  readonly tokens: Int32Array;
}

/**
 * Checks conditions and groups neighbours of a family. "None" is a text of the usual length filled with its
 * own token; short texts are filled with a padding token that is attended like any other.
 *
 * @throws NuwaError `INPUT` for tokens outside the vocabulary, texts that are empty, texts or grids that are too large,
 * or kinds that the config has no table for
 */
export function groupConditions(
  conditions: readonly Condition[],
  config: EncoderDecoderConfig,
): ConditionGroup[] {
  if (conditions.length === 0) {
    throw new NuwaError("INPUT", "groupConditions: wanted at least one condition, got none.");
  }
  const groups: ConditionTokens[][] = [];
  conditions.forEach((condition, index) => {
    const own = conditionTokens(condition, `condition ${index}`, config);
    const last = groups.at(-1);
    if (last?.[0].family === own.family && sameGrid(last[0].grid, own.grid)) last.push(own);
    else groups.push([own]);
  });
  return groups.map((group) => {
    const [{ family, grid }] = group;
    const tokens = new Int32Array(group.length * tokenCount(grid));
    group.forEach((own, index) => {
      tokens.set(own.tokens, index * own.tokens.length);
    });
    return { layout: { family, grid, count: group.length }, tokens };
  });
}

function conditionTokens(condition: Condition, where: string, config: EncoderDecoderConfig): ConditionTokens {
  const { sketch, visual } = conditionTables(config);
  switch (condition.kind) {
    case "none":
    case "text":
      return {
        family: "text",
        grid: textGrid(config.textLength),
        tokens: textTokens(condition, where, config),
      };
    case "sketch":
      if (!sketch) {
        throw new NuwaError(
          "INPUT",
          `${where}: a sketch needs a model with sketchCodebookSize in its config.`,
        );
      }
      return { family: "sketch", ...gridTokens(condition, `${where}: a sketch`, sketch) };
    case "image":
    case "video": {
      const what = `${where}: ${condition.kind === "image" ? "an image" : "a video"}`;
      if (!visual) {
        throw new NuwaError("INPUT", `${what} needs a model with visualConditions in its config.`);
      }
      if (condition.kind === "image" && condition.grid.frames !== 1) {
        throw new NuwaError(
          "INPUT",
          `${what} has one frame, got ${condition.grid.frames}. Use kind "video".`,
        );
      }
      return { family: "visual", ...gridTokens(condition, what, visual) };
    }
    default: {
      const { kind } = condition as { kind: string };
      throw new NuwaError(
        "INPUT",
        `${where}: kind must be none, text, sketch, image or video, got ${JSON.stringify(kind)}.`,
      );
    }
  }
}

function textTokens(
  condition: Extract<Condition, { kind: "none" | "text" }>,
  where: string,
  config: EncoderDecoderConfig,
): Int32Array {
  const { textLength, textVocabulary } = config;
  const { pad, none } = specialTokens(config);
  if (condition.kind === "none") return new Int32Array(textLength).fill(none);
  const { tokens } = condition;
  if (tokens.length === 0) {
    throw new NuwaError(
      "INPUT",
      `${where}: a text has at least one token, got none. Use { kind: "none" } for no condition.`,
    );
  }
  if (tokens.length > textLength) {
    throw new NuwaError(
      "INPUT",
      `${where}: a text has at most ${textLength} tokens, got ${tokens.length}. Shorten it, or train with a larger textLength.`,
    );
  }
  checkTokens(tokens, textVocabulary, `${where}: a text's tokens`);
  const row = new Int32Array(textLength).fill(pad);
  row.set(tokens);
  return row;
}

function gridTokens(
  { grid, codes }: Extract<Condition, { grid: Grid }>,
  where: string,
  { count, grid: largest }: ConditionTable,
): { grid: Grid; tokens: Int32Array } {
  if (!fitsInto(grid, largest)) {
    throw new NuwaError(
      "INPUT",
      `${where} may be at most ${describeGrid(largest)}, got ${describeGrid(grid)} (height x width x frames).`,
    );
  }
  if (codes.length !== tokenCount(grid)) {
    throw new NuwaError(
      "INPUT",
      `${where} of ${describeGrid(grid)} has ${tokenCount(grid)} codes, got ${codes.length}.`,
    );
  }
  checkTokens(codes, count, `${where}'s codes`);
  return { grid, tokens: codes };
}

/** @throws NuwaError `INPUT` naming the first token outside `[0, count)` */
export function checkTokens(tokens: Int32Array, count: number, what: string): void {
  const bad = tokens.findIndex((token) => !(token >= 0 && token < count));
  if (bad < 0) return;
  throw new NuwaError("INPUT", `${what} lie in [0, ${count}), got ${tokens[bad]} at ${bad}.`);
}
