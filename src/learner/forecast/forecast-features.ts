/** What a forecast is made of where the config names no features. */
import type { TransformDescription } from "../../features/feature-list.ts";

const daySeconds = 86_400;
const longestLag = 10_080;

/** The features where none are named: the past of the column, and its season then and now. */
export function forecastFeatures(
  { column, horizon }: { column: string; horizon: number },
  rate: number | null,
): TransformDescription[] {
  const of = [column];
  const shortLags: TransformDescription = { lags: { of, at: [1, 2, 3] } };
  if (rate === null) return [shortLags, "standardize"];
  const seasons = [daySeconds, 7 * daySeconds].map((seconds) => Math.round(rate * seconds));
  const fitting = seasons.filter((rows) => rows > 3 && rows <= longestLag);
  return [
    { lags: { of, at: [1, 2, 3, ...fitting] } },
    { clock: { of: ["hourOfDay"] } },
    { profile: { of, by: "hourOfWeek", ahead: horizon } },
    "standardize",
  ];
}
