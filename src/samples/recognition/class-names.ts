/** Orders the classes of a column. */

/** Most classes that are counted from 0 with gaps: this many times those that are there. */
const mostGaps = 2;

/** The classes of a column as a config names them: their number where they are whole numbers from 0, else their names. */
export function classesFor(words: readonly string[]): number | string[] {
  const numbers = words.map(Number);
  if (numbers.some((number) => !Number.isInteger(number))) return classNamesIn(words);
  const largest = Math.max(1, ...numbers);
  const areCounted =
    Math.min(0, ...numbers) === 0 && numbers.includes(0) && largest < mostGaps * words.length;
  return areCounted || words.length < 2 ? largest + 1 : classNamesIn(words);
}

/** Whether words mean yes and no. */
export const areTruths = (words: readonly string[]): boolean =>
  words.length > 0 && words.every((word) => truthOrder.includes(word.toLowerCase()));

const truthOrder = ["false", "true", "off", "on", "no", "yes"];

/** The classes that words or numbers are: numbers by their size, yes and no as 1 and 0, words as they come. */
export function classNamesIn(words: readonly string[]): string[] {
  const numbers = words.map(Number);
  if (words.length > 0 && words.every((word) => word.trim() !== "") && numbers.every(Number.isFinite)) {
    return numbers.sort((one, other) => one - other).map(String);
  }
  const rank = (name: string) => truthOrder.indexOf(name.toLowerCase());
  if (!words.every((word) => rank(word) >= 0)) return [...words];
  return [...words].sort((one, other) => rank(one) - rank(other));
}
