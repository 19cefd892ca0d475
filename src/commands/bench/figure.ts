import { textTable } from "../terminal/text-table.ts";
import type { Spread } from "./timing.ts";

/** Something measured, beside a bound or another figure that was measured in the same run. */
export interface Figure {
  /** Group of the figure, as named by `--only`. */
  group: string;
  name: string;
  value: Spread;
  unit: string;
  /** The value it is compared with, and the figure as a multiple of it: 1 is equal. */
  reference?: { name: string; value: number; unit: string; share: number };
  /** A short note. */
  note?: string;
}

/** Formats a number with three significant digits, without an exponent. */
export function threeDigits(value: number): string {
  if (!Number.isFinite(value)) return "-";
  if (Math.abs(value) >= 1000) return String(Math.round(value));
  return String(Number(value.toPrecision(3)));
}

function comparison({ name, value, unit, share }: NonNullable<Figure["reference"]>): string {
  const multiple = share < 2 ? `${Math.round(100 * share)} % of` : `${threeDigits(share)} times`;
  return `${multiple} ${name} (${threeDigits(value)} ${unit})`;
}

/** Formats all figures as a table. */
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
