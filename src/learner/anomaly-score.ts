/** How far an error lies beyond what is usual: an anomaly where it is many standard deviations. */

/** Errors further back than so many fade away. */
const window = 1000;
/** Errors before the first score. */
const grace = 200;
/** An error further out than this counts as this far, so that an anomaly does not become usual at once. */
const furthest = 8;

const at = { count: 0, mean: 1, variance: 2 } as const;

/**
 * Running mean and variance of errors, over some thousand of them: a plain mean until there are so many, then one that
 * fades (Finch, "Incremental calculation of weighted mean and variance", 2009).
 */
export class AnomalyScore {
  readonly #block = new Float64Array(3);

  /**
   * Standard deviations by which `error`, finite and of 0 or more, lies above the mean of those before it; 0 for the
   * first 200. A deviation that is smaller than `least` counts as that. Takes `error` in afterwards. Allocates nothing.
   */
  observe(error: number, least: number): number {
    const block = this.#block;
    const deviation = Math.max(Math.sqrt(block[at.variance]), least);
    const isKnown = block[at.count] >= grace && deviation > 0;
    const score = isKnown ? (error - block[at.mean]) / deviation : 0;
    const taken = score > furthest ? block[at.mean] + furthest * deviation : error;
    if (block[at.count] < window) block[at.count]++;
    const weight = 1 / block[at.count];
    const difference = taken - block[at.mean];
    block[at.mean] += weight * difference;
    block[at.variance] = (1 - weight) * (block[at.variance] + weight * difference * difference);
    return score;
  }
}
