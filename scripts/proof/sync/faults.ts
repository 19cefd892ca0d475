/** Counts of faults at random bytes: one at a byte that is never reached does not count. */

/** The kind of fault that has happened least, and how often. */
export function rarestOf<Kind extends string>(happened: Record<Kind, number>): { kind: Kind; times: number } {
  const counts = Object.entries(happened) as [Kind, number][];
  const [kind, times] = counts.reduce((least, each) => (each[1] < least[1] ? each : least));
  return { kind, times };
}

/** @throws where many more cycles have passed than faults were asked for */
export function requireProgress(cycle: number, cycles: number, happened: Record<string, number>): void {
  if (cycle < 20 * cycles * Object.keys(happened).length) return;
  throw new Error(`after ${cycle} cycles the faults that happened are ${JSON.stringify(happened)}`);
}
