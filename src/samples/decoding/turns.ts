/** Finds that lines take turns: each has the value of another quantity, and a word in it says of which. */

/** Share of the lines that come after the same one as before where their names take turns. */
const mostlyInTurns = 0.9;
/** Most words that take turns. */
const mostNames = 32;
/** Rounds of all words that show it. */
const fewestRounds = 3;
/** Share of the variance of values that their names must explain. */
const mostlyByName = 0.3;

/** Whether the different words of a column's cells take turns, in the order given. */
export function takeTurns(words: readonly string[], cells: readonly string[]): boolean {
  const turns = words.length;
  if (turns < 2 || turns > mostNames || cells.length < fewestRounds * turns) return false;
  const present = cells.filter((word) => word !== "").length;
  if (present < mostlyInTurns * cells.length) return false;
  const repeated = cells.slice(turns).filter((word, index) => word === cells[index]).length;
  const changed = cells.filter((word, index) => index > 0 && word !== cells[index - 1]).length;
  if (changed < mostlyInTurns * (cells.length - 1)) return false;
  const isRound = new Set(cells.slice(0, turns)).size === turns;
  return isRound && repeated >= mostlyInTurns * (cells.length - turns);
}

/** Whether values differ by the name beside each, [values]: the between-group share of their variance says so. */
export function dependOn(values: readonly number[], names: readonly string[]): boolean {
  const groups = new Map<string, { count: number; sum: number }>();
  const [first = 0] = values.filter(Number.isFinite);
  let [count, sum, squares] = [0, 0, 0];
  for (const [index, written] of values.entries()) {
    if (!Number.isFinite(written)) continue;
    // Sums of values far from zero lose what they differ by.
    const value = written - first;
    const group = groups.get(names[index]) ?? { count: 0, sum: 0 };
    groups.set(names[index], { count: group.count + 1, sum: group.sum + value });
    count++;
    sum += value;
    squares += value * value;
  }
  const mean = sum / count;
  let between = 0;
  for (const group of groups.values()) between += group.count * (group.sum / group.count - mean) ** 2;
  return between > mostlyByName * (squares - count * mean * mean);
}
