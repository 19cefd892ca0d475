/**
 * Parses durations and sizes as people write them (`10min`, `8MiB`), and formats durations, sizes, counts and shares.
 */

const second = 1000;
const minute = 60 * second;
const hour = 60 * minute;
const day = 24 * hour;
/** A unit of time as it is written, in milliseconds. */
const durationUnits: Record<string, number> = {
  ms: 1,
  ...{ s: second, sec: second, second, seconds: second },
  ...{ m: minute, min: minute, minute, minutes: minute },
  ...{ h: hour, hour, hours: hour },
  ...{ d: day, day, days: day },
};
const spanUnits = { ...durationUnits, ...{ w: 7 * day, week: 7 * day, weeks: 7 * day } };
const sizeUnits = { B: 1, kB: 1e3, MB: 1e6, GB: 1e9, KiB: 2 ** 10, MiB: 2 ** 20, GiB: 2 ** 30 };

function parse(text: string, units: Record<string, number>): number | null {
  const match = /^(\d+(?:\.\d+)?) ?([A-Za-z]+)$/.exec(text.trim());
  const unit = match === null ? undefined : Object.hasOwn(units, match[2]) ? units[match[2]] : undefined;
  return match === null || unit === undefined ? null : Number(match[1]) * unit;
}

/** Parses `10min`, and several parts such as `1h30min`, each of a smaller unit than the one before it. */
function parseTime(text: string, units: Record<string, number>): number | null {
  const written = text.trim();
  if (!/^(?:\d+(?:\.\d+)? ?[A-Za-z]+ ?)+$/.test(`${written} `)) return null;
  let sum = 0;
  let smallest = Number.POSITIVE_INFINITY;
  for (const [part, unitName] of written.matchAll(/[\d.]+ ?([A-Za-z]+)/g)) {
    const value = parse(part, units);
    if (value === null || units[unitName] >= smallest) return null;
    smallest = units[unitName];
    sum += value;
  }
  return sum;
}

/** Node's timers count milliseconds in 31 bits; a longer timer, such as a month, would fire continuously. */
const longestDurationMs = 24 * day;

/** Parses `30s`, `10min`, `1h30min` into milliseconds, up to 24 days; `null` when the text is not a duration with a unit. */
export function parseDuration(text: string): number | null {
  const milliseconds = parseTime(text, durationUnits);
  return milliseconds !== null && milliseconds <= longestDurationMs ? milliseconds : null;
}

/** Parses a time that is no timer's, `1d` or `4w` too, into milliseconds; `null` when the text is not one with a unit. */
export function parseTimeSpan(text: string): number | null {
  return parseTime(text, spanUnits);
}

/**
 * Parses `1/hour`, `1/10min`, `10 per min`, `1.6 kHz`, `every 10min` or `every hour` into a number a second; `null` when the
 * text is none of these.
 */
export function parseRate(text: string): number | null {
  const written = text.trim();
  const [, each] = /^every (.+)$/.exec(written) ?? [];
  const [, times, span] = /^(\d+(?:\.\d+)?) ?(?:\/|per\b|\ban?\b) ?(.+)$/.exec(written) ?? [];
  const [, count, kilo] = /^(\d+(?:\.\d+)?) ?(k?)Hz$/.exec(written) ?? [];
  if (count !== undefined) return positive(Number(count) * (kilo === "k" ? 1000 : 1));
  // "every hour" and "1/hour" mean one hour.
  const interval = each ?? span ?? "";
  const milliseconds = parseTimeSpan(/^[A-Za-z]+$/.test(interval) ? `1${interval}` : interval);
  return positive((Number(times ?? 1) * 1000) / (milliseconds ?? Number.POSITIVE_INFINITY));
}

const positive = (rate: number) => (rate > 0 && Number.isFinite(rate) ? rate : null);

/** Parses `8MiB`, `512KiB`, `64kB` into whole bytes; `null` when the text is not a size with a unit. */
export function parseSize(text: string): number | null {
  const bytes = parse(text, sizeUnits);
  return bytes === null ? null : Math.floor(bytes);
}

/** Formats bytes with one decimal: `812 B`, `1.5 KiB`, `64.2 MiB`. */
export function formatSize(bytes: number): string {
  if (bytes < 1024) return `${bytes} B`;
  const names = ["KiB", "MiB", "GiB", "TiB"];
  let value = bytes / 1024;
  let unit = 0;
  while (value >= 1023.95 && unit < names.length - 1) {
    value /= 1024;
    unit++;
  }
  return `${value.toFixed(1)} ${names[unit]}`;
}

/** Formats a count with its noun: `1 sample`, `12 samples`. */
export function formatCount(count: number, noun: string, plural = `${noun}s`): string {
  return `${count} ${count === 1 ? noun : plural}`;
}

/** Formats what happened to a count: `1 sample was`, `12 samples were`. */
export function countWas(count: number, noun: string): string {
  return `${formatCount(count, noun)} ${count === 1 ? "was" : "were"}`;
}

/** Formats a share between 0 and 1 as a percentage: `88.6 %`. */
export function formatShare(share: number, digits = 1): string {
  return `${(100 * share).toFixed(digits)} %`;
}

/** Formats milliseconds with at most two units: `0.4 s`, `42 s`, `3 min 5 s`, `2 h`. */
export function formatDuration(milliseconds: number): string {
  const seconds = Math.max(0, milliseconds) / 1000;
  if (seconds < 9.95) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return twoUnits(whole, 60, "min", "s");
  const minutes = Math.round(seconds / 60);
  if (minutes < 1440) return twoUnits(minutes, 60, "h", "min");
  return twoUnits(Math.round(seconds / 3600), 24, "d", "h");
}

/** Formats a number a second: `50 a second`, below one as the time between two, `one in 10 min`. */
export function formatRate(perSecond: number): string {
  if (perSecond > 0 && perSecond < 1) return `one in ${formatDuration(1000 / perSecond)}`;
  return `${Number(perSecond.toPrecision(3))} a second`;
}

/** A whole number of small units in large ones, each of which has this many; without a rest the large ones alone. */
function twoUnits(count: number, each: number, large: string, small: string): string {
  const rest = count % each;
  return `${Math.floor(count / each)} ${large}${rest === 0 ? "" : ` ${rest} ${small}`}`;
}
