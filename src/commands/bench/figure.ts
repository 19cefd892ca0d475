import { textTable } from "../terminal/text-table.ts";
import type { Spread } from "./timing.ts";

/** Something measured, beside a bound or another figure that was measured in the same run. */
export interface Figure {
  /** What belongs together: a name that `--only` takes. */
  group: string;
  name: string;
  value: Spread;
  unit: string;
  /** What it is held against, and the figure as a multiple of that: 1 is as much. */
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

function comparison({ name, value, unit, share }: NonNullable<Figure["reference"]>): string {
  const multiple = share < 2 ? `${Math.round(100 * share)} % of` : `${threeDigits(share)} times`;
  return `${multiple} ${name} (${threeDigits(value)} ${unit})`;
}

/** All figures as one table for people. */
export function figureTable(figures: readonly Figure[]): string {
  const rows = figures.map(({ group, name, value, unit, reference, note = "" }, index) => [
    index > 0 && figures[index - 1].group === group ? "" : group,
    name,
    threeDigits(value.median),
    `${threeDigits(value.minimum)} to ${threeDigits(value.maximum)}`,
    unit,
    reference === undefined ? "" : comparison(reference),
    note,
  ]);
  return textTable(["", "", "median", "smallest to largest", "unit", "beside", ""], rows, [2]);
}
