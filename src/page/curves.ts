/** What a chart shows of curves with a point or two. */

/** Where values have no neighbour, so that a curve shows nothing of them. */
export const isolated = (values: readonly (number | null)[]): number[] =>
  values.flatMap((value, i) =>
    value !== null && (values[i - 1] ?? null) === null && (values[i + 1] ?? null) === null ? [i] : [],
  );

/**
 * From when to when a chart shows points, given what uPlot would show, in seconds: around a single point uPlot would show
 * years.
 */
export function timesShown(
  low: number,
  high: number,
  times: readonly number[],
  step: number,
): [number, number] {
  const end = times.length === 1 ? low : high;
  return end - low < step ? [low - step, end + step] : [low, end];
}
