/** Median, smallest and largest of several measurements. */
export interface Spread {
  median: number;
  minimum: number;
  maximum: number;
}

/** Returns median, minimum and maximum of measured values. */
export function spreadOf(values: readonly number[]): Spread {
  const sorted = [...values].sort((a, b) => a - b);
  return {
    median: sorted[Math.floor(sorted.length / 2)],
    minimum: sorted[0],
    maximum: sorted[sorted.length - 1],
  };
}

/** Returns the spread of a rate, `amount` divided by the time: the longest time is the smallest rate. */
export function rateOf(amount: number, { median, minimum, maximum }: Spread): Spread {
  return { median: amount / median, minimum: amount / maximum, maximum: amount / minimum };
}

/** Returns the spread in another unit: each number multiplied by `factor`. */
export function scaled({ median, minimum, maximum }: Spread, factor: number): Spread {
  return { median: factor * median, minimum: factor * minimum, maximum: factor * maximum };
}

/** Nanoseconds of one call of `repeat(times)` divided by `times`, with `times` chosen for about `milliseconds`. */
export function createTimer(repeat: (times: number) => void, milliseconds: number): () => number {
  let times = 1;
  // Doubling also warms the code up. It must be long enough three times, because another process may have interrupted.
  const longEnough = () => time(repeat, times) >= milliseconds * 1e6;
  while (!(longEnough() && longEnough() && longEnough())) times *= 2;
  return () => time(repeat, times) / times;
}

/**
 * Returns the nanoseconds of one call of each, measured in turn `rounds` times, so that changes of the machine's speed
 * affect all equally.
 */
export function measureInTurn(
  subjects: readonly ((times: number) => void)[],
  { rounds = 9, milliseconds = 20 } = {},
): Spread[] {
  const timers = subjects.map((repeat) => createTimer(repeat, milliseconds));
  const times = subjects.map(() => [] as number[]);
  for (let round = 0; round < rounds; round++) {
    for (const [index, timer] of timers.entries()) times[index].push(timer());
  }
  return times.map(spreadOf);
}

/** Returns the measurements of each subject, taken in turn `rounds` times; for measurements of whole processes. */
export async function takeInTurn<Measured>(
  subjects: readonly (() => Measured | Promise<Measured>)[],
  rounds: number,
): Promise<Measured[][]> {
  const measured = subjects.map(() => [] as Measured[]);
  for (let round = 0; round < rounds; round++) {
    for (const [index, subject] of subjects.entries()) measured[index].push(await subject());
  }
  return measured;
}

function time(repeat: (times: number) => void, times: number): number {
  const start = process.hrtime.bigint();
  repeat(times);
  return Number(process.hrtime.bigint() - start);
}
