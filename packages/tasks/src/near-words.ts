import { distance } from "fastest-levenshtein";

/**
 * The words of a list that a misspelt word may have meant, nearest first: those within a third of its
 * letters in edits (at least one; a letter in a wrong place counts as one), and those that begin with it or that
 * it begins with.
 */
export function nearWords(word: string, known: Iterable<string>, most = 3): string[] {
  const allowed = Math.max(1, Math.floor(word.length / 3));
  const found: { candidate: string; edits: number }[] = [];
  for (const candidate of known) {
    const edits = editsBetween(word, candidate);
    const related = word.length > 2 && (candidate.startsWith(word) || word.startsWith(candidate));
    if (edits <= allowed || (related && candidate.length > 2)) found.push({ candidate, edits });
  }
  found.sort((a, b) => a.edits - b.edits || (a.candidate < b.candidate ? -1 : 1));
  return found.slice(0, most).map(({ candidate }) => candidate);
}

function editsBetween(a: string, b: string): number {
  const edits = distance(a, b);
  const letters = (word: string): string => [...word].sort().join("");
  return edits === 2 && letters(a) === letters(b) ? 1 : edits;
}
