/** An anomaly and its outcome in plain words. */
import { formatDuration } from "../../wording/quantities.ts";
import type { AnomalyFinding, AnomalyOutcome, StrongestFinding } from "./anomaly-detector.ts";

const short = (value: number) => String(Number(value.toPrecision(4)));

const places = ["the most unusual moment", "the second most unusual moment", "the third most unusual moment"];

/** Milliseconds that are not "0.0 s". */
const shortestTold = 50;

/** What was seen, and what was expected of it: `85 seen where 21.4 was expected`. */
export function reasonText(finding: StrongestFinding): string {
  const { ingredient, seen, expected, lowest, highest, change, usualChange, unchanged, bound, boundRows } =
    finding;
  switch (ingredient) {
    case "range":
      return `${short(seen)} seen, ${seen > highest ? "above" : "below"} all that it has been so far, ${short(lowest)} to ${short(highest)}`;
    case "dispersion":
      return `it changes by ${short(change)} from sample to sample where ${short(usualChange)} is usual; ${short(seen)} seen`;
    case "level":
      return `${short(seen)} seen where it was about ${short(expected)} on average`;
    case "profile":
      return `${short(seen)} seen where ${short(expected)} is usual at this time of day`;
    case "joint":
      return `it does not go with the other columns: ${short(seen)} seen where ${short(expected)} was expected`;
    case "residualRun":
      return `it has been off what was expected for a while: ${short(seen)} seen where ${short(expected)} was expected`;
    case "bounds":
      return bound > expected
        ? `not below ${short(bound)} for ${boundRows} samples, where it usually comes down to ${short(expected)}; ${short(seen)} seen`
        : `not above ${short(bound)} for ${boundRows} samples, where it usually comes up to ${short(expected)}; ${short(seen)} seen`;
    case "unchanged":
      return `${short(seen)} seen for ${unchanged} samples in a row, without any change`;
    case "residual":
      return `${short(seen)} seen where ${short(expected)} was expected`;
  }
}

/**
 * How unusual it is, in words and as a number.
 *
 * @param rememberedMs time over which moments are ranked so far
 */
export function rankText({ rank, evidence, threshold }: AnomalyFinding, rememberedMs: number): string {
  const place = places[rank] ?? `one of the ${rank + 1} most unusual moments`;
  return `${place} of the last ${rememberedText(rememberedMs)} (evidence ${evidence.toFixed(1)}, an alarm needs ${threshold.toFixed(1)})`;
}

function rememberedText(milliseconds: number): string {
  const days = Math.round(milliseconds / 86_400_000);
  if (days === 0) return formatDuration(milliseconds);
  if (days === 1) return "day";
  return days % 7 === 0 && days > 7 ? `${days / 7} weeks` : `${days} days`;
}

/**
 * The most evidence of an episode, and where that was not its first row, when and why: `80.1 after 2 h, current: 9.1 seen
 * where 3.2 was expected`.
 */
export function strongestText(
  first: Pick<AnomalyFinding, "evidence" | "since">,
  strongest: StrongestFinding,
): string {
  const { evidence, since, column } = strongest;
  const most = evidence.toFixed(1);
  if (evidence <= first.evidence) return most;
  const later = since - first.since;
  const when = later < shortestTold ? "" : ` after ${formatDuration(later)}`;
  return `${most}${when}, ${column}: ${reasonText(strongest)}`;
}

/**
 * How an episode ended.
 *
 * @param strongest its most unusual row, see `strongestText`
 */
export function outcomeText(
  column: string,
  { changed, before, now, lastedMs }: AnomalyOutcome,
  strongest: string,
): string {
  const length = lastedMs > 0 ? `the episode lasted ${formatDuration(lastedMs)}` : "it was one sample";
  const about = `${length}, evidence up to ${strongest}`;
  if (changed === "level")
    return `${column} stays at ${short(now)} instead of ${short(before)}: taken as the new normal; ${about}`;
  if (changed === "scatter") {
    return `${column} goes on changing by ${short(now)} from sample to sample instead of ${short(before)}: taken as the new normal; ${about}`;
  }
  return `${column} is as it was before; ${about}`;
}
