/** What an alarm watches: the probability of a class, which may have a word; an unusual error of a predicted number, or a drift. */
export type AlarmSubject =
  | { of: "class"; class: number; word?: string }
  | { of: "anomaly" }
  | { of: "drift" };

/** When an alarm switches on and off. */
export interface AlarmLevels {
  /** Score from which the alarm switches on: a probability, or standard deviations. */
  on: number;
  /** Score below which it switches off. Below `on`, it adds hysteresis: a score that varies between the two switches nothing. */
  off: number;
  /** Shortest time that it stays on, whatever the score. */
  atLeastMs: number;
}

/** What an alarm watches, and when it switches. */
export interface AlarmRule extends AlarmLevels {
  subject: AlarmSubject;
}

/** Returns the subject as words for a sentence: `class 2`, `anomaly`. */
export function subjectText(subject: AlarmSubject): string {
  return subject.of === "class" ? `class ${subject.word ?? subject.class}` : subject.of;
}

/** A running alarm. */
export interface Alarm {
  readonly active: boolean;
  /** Evaluates the next score: a probability, or standard deviations. NaN changes nothing. Allocates only when it switches on. */
  observe(score: number): void;
  /** Switches on an alarm that was on when its process ended; the shortest time starts over. */
  resume(): void;
  /** Stops the timer; the alarm keeps its state. */
  close(): void;
}

/**
 * Creates an alarm that is off.
 *
 * @param change is called at each switch, with the new state
 */
export function createAlarm({ on, off, atLeastMs }: AlarmLevels, change: (active: boolean) => void): Alarm {
  let active = false;
  let latest = Number.NaN;
  let hold: NodeJS.Timeout | null = null;

  function goOffIfOver(): void {
    if (hold !== null || !(latest < off)) return;
    active = false;
    change(false);
  }

  function goOn(): void {
    active = true;
    // A timer, so that the alarm switches off even if no further sample arrives.
    hold = setTimeout(() => {
      hold = null;
      goOffIfOver();
    }, atLeastMs);
    change(true);
  }

  return {
    get active() {
      return active;
    },
    observe(score) {
      latest = score;
      if (active) return goOffIfOver();
      if (score >= on) goOn();
    },
    resume() {
      if (!active) goOn();
    },
    close() {
      if (hold !== null) clearTimeout(hold);
      hold = null;
    },
  };
}
