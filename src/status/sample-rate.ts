/** Samples a second, as the status shows them. */

/** A rate is measured over at least this time. */
const fewestSeconds = 2;

/**
 * Measures how many samples come in a second, to four digits. The returned function is given how many there are by now, and
 * measures since it was called two seconds before or longer.
 *
 * @param samples how many there are at the beginning
 */
export function createRateMeter(samples: number): (samples: number) => number {
  let marks = { at: process.uptime(), samples, rate: 0 };
  return (samples) => {
    const at = process.uptime();
    const seconds = at - marks.at;
    if (seconds >= fewestSeconds) marks = { at, samples, rate: (samples - marks.samples) / seconds };
    return Number(marks.rate.toPrecision(4));
  };
}
