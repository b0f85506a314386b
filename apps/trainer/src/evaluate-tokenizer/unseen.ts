import {
  type CheckedMovingOpenMojiConfig,
  checkMovingOpenMojiConfig,
  readCatalog,
  selectEmoji,
} from "@nuwa/data";
import { NuwaError } from "@nuwa/tensor3d";
import { parseDocument } from "yaml";

/** Drawings as a checked config names them. */
export type EmojiChoice = CheckedMovingOpenMojiConfig["emoji"];

/** The drawings that a tokenizer learnt from. */
export interface SeenDrawings {
  readonly label: string;
  readonly emoji: readonly string[];
}

/**
 * Names of drawings that none of the tokenizers learnt from: those of a choice, or without one all of `"all"` that
 * are left. The same for every tokenizer, so that their figures are of the same drawings.
 *
 * @throws NuwaError `CONFIG` where a choice has drawings that a tokenizer learnt from
 */
export async function unseenDrawings(seen: readonly SeenDrawings[], choice?: EmojiChoice): Promise<string[]> {
  const { entries } = await readCatalog();
  const names = selectEmoji(entries, choice ?? "all").map(({ name }) => name);
  for (const { label, emoji } of seen) {
    const known = new Set(emoji);
    const both = names.filter((name) => known.has(name));
    if (choice === undefined || both.length === 0) continue;
    const some = `${both.slice(0, 5).join(", ")}${both.length > 5 ? ", …" : ""}`;
    throw new NuwaError(
      "CONFIG",
      `--unseen: wanted drawings that no tokenizer learnt from, but ${label} learnt from ${both.length} of them: ${some}.`,
      { hint: "Leave --unseen out to take all that are left, or part a filter by skip and limit." },
    );
  }
  const known = new Set(seen.flatMap(({ emoji }) => emoji));
  return names.filter((name) => !known.has(name));
}

/**
 * The choice of drawings that a text in YAML or JSON describes, as `data.emoji` of a config does.
 *
 * @throws NuwaError `CONFIG`
 */
export function parseEmojiChoice(text: string): EmojiChoice {
  const document = parseDocument(text);
  if (document.errors.length > 0) {
    throw new NuwaError("CONFIG", `--unseen is not sound YAML: ${document.errors[0].message}`);
  }
  const emoji = document.toJS() as unknown;
  try {
    return checkMovingOpenMojiConfig({ emoji: emoji ?? null }).emoji;
  } catch (error) {
    throw new NuwaError("CONFIG", `--unseen: ${(error as Error).message}`, {
      hint: 'Such as "{ groups: [food-drink], skip: 100, limit: 50 }", a list of names, or all.',
      cause: error,
    });
  }
}
