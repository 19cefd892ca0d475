/** Median, smallest and largest of several timings. */
export interface Spread {
  median: number;
  minimum: number;
  maximum: number;
}

export function spreadOf(values: number[]): Spread {
  const sorted = [...values].sort((a, b) => a - b);
  return {
    median: sorted[Math.floor(sorted.length / 2)],
    minimum: sorted[0],
    maximum: sorted[sorted.length - 1],
  };
}

/** Nanoseconds of one call of `repeat(times)` divided by `times`, with `times` chosen for about `milliseconds`. */
export function createTimer(repeat: (times: number) => void, milliseconds: number): () => number {
  let times = 1;
  let elapsed = 0;
  // Doubling also warms the code up.
  for (;;) {
    elapsed = time(repeat, times);
    if (elapsed >= milliseconds * 1e6) break;
    times *= 2;
  }
  return () => time(repeat, times) / times;
}

function time(repeat: (times: number) => void, times: number): number {
  const start = process.hrtime.bigint();
  repeat(times);
  return Number(process.hrtime.bigint() - start);
}
