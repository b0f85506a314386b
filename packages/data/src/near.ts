import { distance } from "fastest-levenshtein";

/**
 * Words for an error message: `; near: "fox", "ox"` for names within two edits, or that contain the word,
 * at most three, nearest first; an empty string where there are none.
 */
export function nearTo(word: string, names: readonly string[]): string {
  const near = names
    .map((name) => ({ name, edits: name.split(" ").includes(word) ? 1 : distance(word, name) }))
    .filter(({ name, edits }) => edits <= Math.min(2, Math.floor(Math.max(word.length, name.length) / 2)))
    .sort((a, b) => a.edits - b.edits)
    .slice(0, 3);
  return near.length === 0 ? "" : ` (near: ${near.map(({ name }) => `"${name}"`).join(", ")})`;
}
