/** What an alarm is about: how probable a class is, how unusual the error of a predicted number, or a drift. */
export type AlarmSubject = { of: "class"; class: number } | { of: "anomaly" } | { of: "drift" };

export interface AlarmLevels {
  /** The alarm goes on at this score. */
  on: number;
  /** It goes off below this one. Lower than `on`, it keeps a score that wavers between them from switching. */
  off: number;
  /** It stays on for so long, whatever the score. */
  atLeastMs: number;
}

/** An alarm in full. */
export interface AlarmRule extends AlarmLevels {
  subject: AlarmSubject;
}

/** The subject in a sentence. */
export function subjectText(subject: AlarmSubject): string {
  return subject.of === "class" ? `class ${subject.class}` : subject.of;
}

export interface Alarm {
  readonly active: boolean;
  /** Takes the next score: a probability, or standard deviations. No number changes nothing. Allocates nothing unless it switches on. */
  observe(score: number): void;
  close(): void;
}

/** @param change hears of each switch */
export function createAlarm({ on, off, atLeastMs }: AlarmLevels, change: (active: boolean) => void): Alarm {
  let active = false;
  let latest = Number.NaN;
  let hold: NodeJS.Timeout | null = null;

  function goOffIfOver(): void {
    if (hold !== null || !(latest < off)) return;
    active = false;
    change(false);
  }

  return {
    get active() {
      return active;
    },
    observe(score) {
      latest = score;
      if (active) return goOffIfOver();
      if (!(score >= on)) return;
      active = true;
      // The end of the time is noticed even when no further sample comes.
      hold = setTimeout(() => {
        hold = null;
        goOffIfOver();
      }, atLeastMs);
      change(true);
    },
    close() {
      if (hold !== null) clearTimeout(hold);
      hold = null;
    },
  };
}
