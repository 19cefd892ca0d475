/** Compares the rate of the samples with the declared one: while they come, or by the clock of a file. */
import { isFarFrom, RateWatch, rateDoubt } from "../samples/rate.ts";
import type { SampleClock } from "../samples/sample-clock.ts";
import type { SteadyClock } from "../samples/sources/clock.ts";
import type { Log } from "./log.ts";

/** The rate of samples, measured and declared. */
export interface RateStatus {
  /** Samples a second. */
  declared: number;
  /** Samples a second in the latest window of ten seconds or more; null before the first has passed. */
  measured: number | null;
  /** Windows in which it was less than half or more than double the declared rate. */
  farWindows: number;
  /** Whether the latest was one of them. */
  isFar: boolean;
  /** There where it was measured by the times that the samples bring. */
  isByOwnTimes?: true;
}

/** Samples so far, and times that the source was opened or lost. */
type Progress = () => { samples: number; breaks: number };

/** Watches the rate of samples: logs once when it is far from the declared one, and once when it is right again. */
export function createRateWatch(declared: number, clock: SteadyClock, progress: Progress, log: Log) {
  const { samples, breaks } = progress();
  const watch = new RateWatch(declared, clock.now(), samples, breaks);
  return {
    check(): void {
      const { samples, breaks } = progress();
      const change = watch.check(clock.now(), samples, breaks);
      if (change === null) return;
      const measured = Number(watch.measured?.toPrecision(3));
      const text =
        change === "far"
          ? `${measured} samples a second come, and source.rate declares ${declared}; see what the device does, or correct it`
          : `${measured} samples a second come, as source.rate declares again; ${watch.farWindows} windows were far from it`;
      const details = { declared, measured, farWindows: watch.farWindows };
      log({ event: `rate-${change}`, text, problem: change === "far", details });
    },
    status(): RateStatus {
      const { measured, farWindows, isFar } = watch;
      return { declared, measured, farWindows, isFar };
    },
  };
}

/**
 * Watches how far apart the samples of a file are by their own clock, as when they are read says nothing: logs once where
 * that is far from the declared rate.
 */
export function createFileRateWatch(declared: number, sampleClock: SampleClock, log: Log) {
  const rateNow = () => {
    const { usualMs } = sampleClock.report();
    return usualMs === null ? null : 1000 / usualMs;
  };
  let isLogged = false;
  return {
    check(): void {
      const text = isLogged ? null : rateDoubt(declared, sampleClock.report().usualMs);
      if (text === null) return;
      isLogged = true;
      log({ event: "rate-far", text, problem: true, details: { declared, measured: rateNow() } });
    },
    status(): RateStatus {
      const measured = rateNow();
      const isFar = measured !== null && isFarFrom(measured, declared);
      return { declared, measured, farWindows: Number(isFar), isFar, isByOwnTimes: true };
    },
  };
}
