/** Counts what a decoder refuses, by reason, and reports the first of each reason with its bytes. */

/** Why a frame or line is refused. */
export interface RefusalReason {
  /** A fixed word for programs: `checksum`. */
  readonly name: string;
  /** Words after a count: `with a wrong checksum`. */
  readonly words: string;
  /** What is refused, for the first report: `a frame whose CRC-16 does not match`. */
  readonly what: string;
}

/** The first frame or line that was refused for a reason. */
export interface Refusal {
  reason: RefusalReason;
  /** Its first bytes, as far as they are kept. Valid until the call returns. */
  bytes: Uint8Array;
  /** Its length, which may be more. */
  length: number;
}

export type OnRefused = (refusal: Refusal) => void;

/** Count of one reason. */
export interface RefusedCount extends RefusalReason {
  count: number;
}

/** Counts refusals by reason. Allocates only for the first of each reason. */
export class Refusals {
  readonly #reasons: readonly RefusalReason[];
  readonly #onRefused: OnRefused;
  /** [reasons] */
  readonly #counts: Float64Array;
  /** 1 for each reason that has been reported, [reasons]. */
  readonly #isReported: Uint8Array;

  constructor(reasons: readonly RefusalReason[], onRefused: OnRefused = () => {}) {
    this.#reasons = reasons;
    this.#onRefused = onRefused;
    this.#counts = new Float64Array(reasons.length);
    this.#isReported = new Uint8Array(reasons.length);
  }

  /** Counts a refusal of `bytes[start..end)`; `end` may lie beyond the end of `bytes`, where not all were kept. */
  add(reason: number, bytes: Uint8Array, start: number, end: number): void {
    this.#counts[reason]++;
    if (this.#isReported[reason] === 0) this.report(reason, bytes, start, end);
  }

  /** Reports a refusal that is not counted, or not yet, unless one of its reason has been reported. */
  report(reason: number, bytes: Uint8Array, start: number, end: number): void {
    if (this.#isReported[reason] === 1) return;
    this.#isReported[reason] = 1;
    this.#onRefused({
      reason: this.#reasons[reason],
      bytes: bytes.subarray(start, end),
      length: end - start,
    });
  }

  /** Forgets the counts: what was refused turned out to be a title. */
  clear(): void {
    this.#counts.fill(0);
  }

  /** Returns the counts of the reasons that occurred. */
  counts(): RefusedCount[] {
    const refused: RefusedCount[] = [];
    for (const [index, reason] of this.#reasons.entries()) {
      if (this.#counts[index] > 0) refused.push({ ...reason, count: this.#counts[index] });
    }
    return refused;
  }
}

/** Adds up the counts of several decoders. */
export function sumOfRefusals(all: readonly RefusedCount[]): RefusedCount[] {
  const sums = new Map<string, RefusedCount>();
  for (const refused of all) {
    const sum = sums.get(refused.name);
    if (sum === undefined) sums.set(refused.name, { ...refused });
    else sum.count += refused.count;
  }
  return [...sums.values()];
}
