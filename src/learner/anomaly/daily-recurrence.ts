import type { State, Stateful } from "../../state.ts";
import { parts, wholeWithin, within } from "../../state-check.ts";
import { restoreArrays } from "../restore-arrays.ts";

const halfHoursOfDay = 48;
/** Days before this one whose evidence is compared. */
const days = 4;
/** Half hours by which a daily job may be early or late. */
const slack = 1;
const kept = (days + 1) * halfHoursOfDay;
/** Evidence above the usual one by a larger factor does not recur. */
const margin = 1.2;

/** Evidence that is remembered, at most: a stored one beyond it is damage, which would hide all for four days. */
const mostEvidence = 10_000;

const at = { isBegun: 0, halfHour: 1, usual: 2, recurs: 3, count: 4 } as const;

/**
 * Detects anomalies that recur daily: a row recurs where a row at the same time of day, give or take half an hour, was as
 * unusual on two of the last four days. Without it a daily job raises an alarm each day, or raises the threshold for all else.
 */
export class DailyRecurrence implements Stateful {
  /** Strongest evidence of each half hour of this day and the four before, by the half hour since the epoch, [240]. */
  readonly #strongest = new Float64Array(kept);
  readonly #scalars = new Float64Array(at.count);

  static readonly bytes = 8 * (kept + at.count);

  /** Whether the latest row recurs. */
  get recurs(): boolean {
    return this.#scalars[at.recurs] === 1;
  }

  /**
   * Takes the evidence of a row, and writes what counts of it to `counted[0]`: 0 where it recurs. Allocates nothing.
   *
   * @param evidence [1], in nats
   * @param halfHour half hours since the epoch, in local time; `isKnown` says whether the time is known at all
   */
  observe(evidence: Float64Array, halfHour: number, isKnown: boolean, counted: Float64Array): void {
    const s = this.#scalars;
    s[at.recurs] = 0;
    counted[0] = evidence[0];
    if (!isKnown) return;
    if (s[at.isBegun] === 0 || halfHour !== s[at.halfHour]) this.#begin(halfHour);
    const place = placeOf(halfHour);
    if (evidence[0] > 0 && evidence[0] <= margin * s[at.usual]) {
      s[at.recurs] = 1;
      counted[0] = 0;
    }
    this.#strongest[place] = Math.min(Math.max(this.#strongest[place], evidence[0]), mostEvidence);
  }

  /** Another half hour begins: those that were skipped had nothing, and what is usual now is looked up. */
  #begin(halfHour: number): void {
    const s = this.#scalars;
    const step = halfHour - s[at.halfHour];
    // The clock was set, by more than the hour of summer time.
    if (s[at.isBegun] === 0 || step >= kept || step < -halfHoursOfDay) this.#strongest.fill(0);
    else for (let each = s[at.halfHour] + 1; each <= halfHour; each++) this.#strongest[placeOf(each)] = 0;
    s[at.isBegun] = 1;
    s[at.halfHour] = halfHour;
    s[at.usual] = this.#usualAt(halfHour);
  }

  /** The evidence that was reached at this time on two of the last four days: the second strongest of them. */
  #usualAt(halfHour: number): number {
    let strongest = 0;
    let second = 0;
    for (let day = 1; day <= days; day++) {
      const evidence = this.#strongestNear(halfHour - day * halfHoursOfDay);
      second = Math.max(second, Math.min(strongest, evidence));
      strongest = Math.max(strongest, evidence);
    }
    return second;
  }

  #strongestNear(halfHour: number): number {
    let strongest = 0;
    for (let each = halfHour - slack; each <= halfHour + slack; each++)
      strongest = Math.max(strongest, this.#strongest[placeOf(each)]);
    return strongest;
  }

  get #arrays() {
    return { strongest: this.#strongest, scalars: this.#scalars };
  }

  state(): State {
    return this.#arrays;
  }

  restore(state: State): void {
    const evidence = within(0, mostEvidence);
    restoreArrays(this.#arrays, state, "what recurs each day", {
      strongest: evidence,
      scalars: parts(evidence, [
        [at.isBegun, wholeWithin(0, 1)],
        [at.halfHour, wholeWithin(-(2 ** 31), 2 ** 31 - 1)],
        [at.recurs, wholeWithin(0, 1)],
      ]),
    });
  }
}

function placeOf(halfHour: number): number {
  const place = halfHour % kept;
  return place < 0 ? place + kept : place;
}
