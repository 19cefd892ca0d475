/** Names that columns to predict have. */

/** In any case; those of the first are preferred over those of the second. */
export const targetNames = [
  /^(label|target)$/i,
  /^(class|category|state|status|activity|fault|failure|alarm|y)$/i,
];

/** How much the name of a column says that it is to be predicted: 2, 1, or 0 for nothing. */
export function targetRank(name: string): number {
  const index = targetNames.findIndex((names) => names.test(name));
  return index < 0 ? 0 : targetNames.length - index;
}
