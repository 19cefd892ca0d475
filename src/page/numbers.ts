/** Numbers as a reader takes them in. A value that is not known is a dash. */
import { withTimes } from "../wording/utc-time.ts";

export const unknown = "–";

/** A share as a percentage. */
export const percent = (value: number | null | undefined): string =>
  value === null || value === undefined || !Number.isFinite(value)
    ? unknown
    : `${(100 * value).toFixed(1)} %`;

/** A measured number with four digits. */
export function measured(value: number | null | undefined): string {
  if (value === null || value === undefined || !Number.isFinite(value)) return unknown;
  if (Number.isInteger(value) && Math.abs(value) < 1e6) return String(value);
  const size = Math.abs(value);
  return size >= 1e6 || size < 1e-4 ? value.toExponential(2) : String(Number(value.toPrecision(4)));
}

/** A moment by the reader's clock, of 24 hours as the axis has it. */
export const localTime = (moment: Date): string => moment.toLocaleString([], { hourCycle: "h23" });

/** A text of the daemon with its moments by the reader's clock. */
export const withLocalTimes = (text: string): string => withTimes(text, localTime);

/** A count with its thousands apart. */
export const count = (value: number): string => value.toLocaleString("en-GB");

/** A name of at most this many letters: of a longer one both ends, as many names differ at the end alone. */
export function shortName(name: string, most: number): string {
  if (name.length <= most) return name;
  const end = Math.floor((most - 1) / 2);
  return `${name.slice(0, most - 1 - end)}…${name.slice(name.length - end)}`;
}
