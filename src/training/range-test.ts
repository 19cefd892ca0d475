/**
 * What a learning-rate range test shows (Smith, 2017, "Cyclical learning rates for training neural networks"): the
 * loss while the rate rises exponentially from far too low to far too high.
 */

import { slope } from "./slope.ts";

/** Points of the curve; null for what it does not show. */
export interface RangeTestPoints {
  /** The rate at which the loss falls fastest per factor of the rate. */
  steepest: number | null;
  /** The rate from which on the loss stays clearly above its best. */
  diverging: number | null;
  /** The steepest rate, but no more than a third of the diverging one. */
  suggested: number | null;
}

/** A fall below this share of the loss at the start may be chance. */
const leastFall = 0.05;
/** Powers of ten around a rate over which the slope is taken: less follows the noise of the batches. */
const slopeDecades = 0.5;
/** How far below the diverging rate is safe. */
const safety = 3;

/** The test ends early where the smoothed loss is above this multiple of its best. */
export const endingMultiple = 4;

/**
 * Reads the curve of a range test. The loss diverges where it has risen by half of what it had fallen, but not below
 * 1.5 times its best (or the noise of a curve that hardly fell would count), and at the latest at `endingMultiple` times.
 *
 * @param rates [points], rising by the same factor from each to the next
 * @param losses [points], smoothed and finite, each as it was at its rate
 * @param endedEarly whether the test stopped before the last rate, because the loss was not finite or too high
 */
export function readRangeTest(
  rates: readonly number[],
  losses: readonly number[],
  endedEarly: boolean,
): RangeTestPoints {
  if (rates.length < 3) return { steepest: null, diverging: null, suggested: null };
  const half = Math.max(1, Math.round(slopeDecades / 2 / Math.log10(rates[1] / rates[0])));
  // The first smoothed losses are means of few: the start is the mean of the first points.
  const opening = losses.slice(0, 2 * half);
  const start = opening.reduce((sum, loss) => sum + loss, 0) / opening.length;
  const settled = Math.min(half, losses.length - 1);
  let best = settled;
  for (let i = settled; i < losses.length; i++) if (losses[i] < losses[best]) best = i;

  const diverging = divergingRate(rates, losses, start, best, endedEarly);
  if (losses[best] > (1 - leastFall) * start) return { steepest: null, diverging, suggested: null };
  let steepest = settled;
  let lowestSlope = Number.POSITIVE_INFINITY;
  for (let i = settled; i <= best; i++) {
    const slope = slopeAround(losses, i, half);
    if (slope < lowestSlope) {
      lowestSlope = slope;
      steepest = i;
    }
  }
  const limit = diverging === null ? Number.POSITIVE_INFINITY : diverging / safety;
  return { steepest: rates[steepest], diverging, suggested: Math.min(rates[steepest], limit) };
}

function divergingRate(
  rates: readonly number[],
  losses: readonly number[],
  start: number,
  best: number,
  endedEarly: boolean,
): number | null {
  const lowest = losses[best];
  const level = Math.min(Math.max((start + lowest) / 2, 1.5 * lowest), endingMultiple * lowest);
  let from = losses.length;
  while (from > best + 1 && losses[from - 1] > level) from--;
  if (from < losses.length) return rates[from];
  return endedEarly ? rates[rates.length - 1] : null;
}

/** Slope of the losses, per point, up to `half` before and after a point. */
function slopeAround(losses: readonly number[], center: number, half: number): number {
  return slope(losses, Math.max(0, center - half), Math.min(losses.length - 1, center + half));
}
