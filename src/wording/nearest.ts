/** The number of single-character insertions, deletions and replacements between two words (Levenshtein, 1966). */
function editDistance(a: string, b: string): number {
  const row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    let diagonal = row[0];
    row[0] = i;
    for (let j = 1; j <= b.length; j++) {
      const above = row[j];
      const replaced = diagonal + (a[i - 1] === b[j - 1] ? 0 : 1);
      row[j] = Math.min(replaced, above + 1, row[j - 1] + 1);
      diagonal = above;
    }
  }
  return row[b.length];
}

/** Longest word that is compared: the time grows with the product of the lengths. */
const longestWord = 100;

/**
 * Returns the known word that is most similar to `word`, or `null` when none is close: a similar word differs in at most a
 * third of the letters, or in two. Case does not count as a difference.
 */
export function nearest(word: string, known: Iterable<string>): string | null {
  let best: string | null = null;
  let bestDistance = Math.max(2, Math.floor(word.length / 3)) + 1;
  if (word.length > longestWord) return null;
  for (const candidate of known) {
    const distance = editDistance(word.toLowerCase(), candidate.toLowerCase());
    if (distance < bestDistance && distance < candidate.length) {
      best = candidate;
      bestDistance = distance;
    }
  }
  return best;
}

/** Most known words that a sentence lists. */
const mostListed = 50;
/** Among more words than this, which nobody wrote by hand, the nearest is not looked for. */
const mostCompared = 5000;

/** Returns the end of a sentence about an unknown word: the nearest known word, or the known words. */
export function suggestion(word: string, known: Iterable<string>): string {
  const names = [...known];
  const near = names.length > mostCompared ? null : nearest(word, names);
  if (near !== null) return `did you mean "${near}"?`;
  const listed = names.slice(0, mostListed).join(", ");
  return names.length > mostListed
    ? `known are ${listed} and ${names.length - mostListed} more`
    : `known are ${listed}`;
}
