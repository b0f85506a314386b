/**
 * The words of a list that a misspelt word may have meant, nearest first: those within a third of its
 * letters in edits (at least one), and those that begin with it or that it begins with.
 */
export function nearWords(word: string, known: Iterable<string>, most = 3): string[] {
  const allowed = Math.max(1, Math.floor(word.length / 3));
  const found: { candidate: string; distance: number }[] = [];
  for (const candidate of known) {
    const distance = editDistance(word, candidate);
    const related = word.length > 2 && (candidate.startsWith(word) || word.startsWith(candidate));
    if (distance <= allowed || (related && candidate.length > 2)) found.push({ candidate, distance });
  }
  found.sort((a, b) => a.distance - b.distance || (a.candidate < b.candidate ? -1 : 1));
  return found.slice(0, most).map(({ candidate }) => candidate);
}

/** Insertions, deletions, replacements and swaps of neighbours that turn `a` into `b`. */
export function editDistance(a: string, b: string): number {
  let [before, previous] = [[] as number[], Array.from({ length: b.length + 1 }, (_, index) => index)];
  for (let i = 1; i <= a.length; i++) {
    const current = [i];
    for (let j = 1; j <= b.length; j++) {
      const replace = previous[j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1);
      let least = Math.min(replace, previous[j] + 1, current[j - 1] + 1);
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      if (swapped) least = Math.min(least, before[j - 2] + 1);
      current.push(least);
    }
    [before, previous] = [previous, current];
  }
  return previous[b.length];
}
