import { textTable } from "../terminal/text-table.ts";
import type { Spread } from "./timing.ts";

/** Something measured, beside what it could be at best, measured in the same run. */
export interface Figure {
  /** What belongs together: a name that `--only` takes. */
  group: string;
  name: string;
  value: Spread;
  unit: string;
  /** The bound, or what it is compared with, and how much of it the figure is: a share where less time is better too. */
  reference?: { name: string; value: number; unit: string; share: number };
  /** What else is to be known, in a few words. */
  note?: string;
}

/** Three significant digits, without an exponent. */
export function threeDigits(value: number): string {
  if (!Number.isFinite(value)) return "-";
  if (Math.abs(value) >= 1000) return String(Math.round(value));
  return String(Number(value.toPrecision(3)));
}

/** All figures as one table for people. */
export function figureTable(figures: readonly Figure[]): string {
  const rows = figures.map(({ group, name, value, unit, reference, note = "" }, index) => [
    index > 0 && figures[index - 1].group === group ? "" : group,
    name,
    threeDigits(value.median),
    `${threeDigits(value.minimum)} to ${threeDigits(value.maximum)}`,
    unit,
    reference === undefined
      ? ""
      : `${Math.round(100 * reference.share)} % of ${threeDigits(reference.value)} ${reference.unit}, ${reference.name}`,
    note,
  ]);
  return textTable(["", "", "median", "smallest to largest", "unit", "beside", ""], rows, [2]);
}
