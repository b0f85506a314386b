import { createHash } from "node:crypto";
import { NuwaError } from "@nuwa/tensor3d";
import { nearTo } from "../near.ts";
import type { EmojiEntry } from "./catalog.ts";
import type { Config, EmojiFilter } from "./config.ts";
import { allEmoji, smallEmoji, tinyEmoji } from "./sets.ts";

/**
 * The drawings that a config asks for.
 *
 * @throws NuwaError `CONFIG` for unknown names or groups, and when nothing is left
 */
export function selectEmoji(entries: readonly EmojiEntry[], emoji: Config["emoji"]): EmojiEntry[] {
  if (emoji === "tiny") return byName(entries, tinyEmoji);
  if (emoji === "small") return byName(entries, smallEmoji);
  if (emoji === "all") return byFilter(entries, allEmoji);
  return "groups" in emoji ? byFilter(entries, emoji) : byName(entries, emoji);
}

function byName(entries: readonly EmojiEntry[], names: readonly string[]): EmojiEntry[] {
  const found = new Map(entries.map((entry) => [entry.name, entry]));
  const unknown = names.filter((name) => !found.has(name));
  if (unknown.length > 0) {
    const hints = unknown.map((name) => `"${name}"${nearTo(name, [...found.keys()])}`);
    throw new NuwaError(
      "CONFIG",
      `MovingOpenMoji emoji: wanted names of OpenMoji drawings, got ${hints.join(", ")}.`,
    );
  }
  return names.map((name) => found.get(name)!);
}

function byFilter(
  entries: readonly EmojiEntry[],
  { groups, maxWords, skip = 0, limit }: EmojiFilter,
): EmojiEntry[] {
  const known = [...new Set(entries.map((entry) => entry.group))];
  const unknown = groups.filter((group) => !known.includes(group));
  if (unknown.length > 0)
    throw new NuwaError(
      "CONFIG",
      `MovingOpenMoji emoji.groups: wanted some of ${known.join(", ")}; got ${unknown.join(", ")}.`,
    );
  const kept = entries.filter(
    (entry) => groups.includes(entry.group) && entry.name.split(" ").length <= (maxWords ?? Infinity),
  );
  if (kept.length === 0)
    throw new NuwaError("CONFIG", `MovingOpenMoji emoji: no drawing has maxWords ${maxWords}.`);
  if (skip >= kept.length)
    throw new NuwaError(
      "CONFIG",
      `MovingOpenMoji emoji.skip: wanted less than the ${kept.length} drawings of the filter, got ${skip}.`,
    );
  if (skip === 0 && (limit === undefined || limit >= kept.length)) return kept;
  const order = (name: string) => createHash("sha256").update(name).digest("hex");
  const sorted = [...kept].sort((a, b) => (order(a.name) < order(b.name) ? -1 : 1));
  const chosen = new Set(sorted.slice(skip, limit === undefined ? undefined : skip + limit));
  return kept.filter((entry) => chosen.has(entry));
}
