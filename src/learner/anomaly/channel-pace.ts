import type { State, Stateful } from "../../state.ts";
import { type Check, finite, parts, whole, within } from "../../state-check.ts";
import { restoreArrays } from "../restore-arrays.ts";

/** A gap is longer than the usual interval times this factor. */
const longGap = 20;
const valuesBeforeGaps = 20;
const rate = 0.01;
/** A gap makes what is a gap at most so much longer, and then as much as twice itself. */
const growth = 4;
const roomForPauses = 2;
/** A pause that comes again within two thirds of this is usual in the end. */
const memoryMs = 14 * 24 * 60 * 60 * 1000;

/** Between two values there is at least a microsecond and at most some thirty years, whatever a clock says. */
const shortestMs = 1e-3;
const longestMs = 1e12;

const at = { values: 0, latestMs: 1, usualMs: 2, gapMs: 3, count: 4 } as const;

/**
 * Tells gaps in the time of a column: more than twenty times what usually is between two of its values. Pauses that come
 * again and again, as of a device that sends in batches or sleeps at night, are gaps no more after a few.
 */
export class ChannelPace implements Stateful {
  readonly #scalars = new Float64Array(at.count);

  static readonly bytes = 8 * at.count;

  /** Takes the time of a value, `times[timeAt]` in milliseconds; whether it follows a gap. Allocates nothing. */
  observe(times: Float64Array, timeAt: number): boolean {
    const s = this.#scalars;
    const values = s[at.values]++;
    const since = values === 0 ? 0 : times[timeAt] - s[at.latestMs];
    s[at.latestMs] = times[timeAt];
    // Values that share a time, as by a clock of minutes, tell nothing of the usual one.
    if (!(since > 0)) return false;
    const passed = Math.min(Math.max(since, shortestMs), longestMs);
    const limit = Math.max(longGap * s[at.usualMs], s[at.gapMs]);
    if (s[at.usualMs] > 0 && values > valuesBeforeGaps && passed > limit) {
      s[at.gapMs] = Math.min(roomForPauses * passed, growth * limit);
      return true;
    }
    s[at.gapMs] = Math.max(roomForPauses * passed, s[at.gapMs] * (1 - passed / memoryMs));
    if (s[at.usualMs] === 0) s[at.usualMs] = passed;
    else s[at.usualMs] += Math.max(rate, 1 / values) * (passed - s[at.usualMs]);
    return false;
  }

  state(): State {
    return { scalars: this.#scalars };
  }

  restore(state: State): void {
    const usual: Check = (numbers) => (numbers[0] === 0 ? null : within(shortestMs, longestMs)(numbers));
    restoreArrays({ scalars: this.#scalars }, state, "pace of a channel", {
      scalars: parts(finite, [
        [at.values, whole],
        [at.usualMs, usual],
        [at.gapMs, within(0, roomForPauses * longestMs)],
      ]),
    });
  }
}
