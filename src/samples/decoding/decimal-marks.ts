/** Finds in the cells of a text which mark is the decimal mark, and whether the other one separates groups of digits. */
import { comma, point } from "./ascii.ts";
import { groupingOf } from "./grouped-number.ts";
import { cellKindOf, type LineKind, withoutUnit } from "./line-form.ts";

/** What the cells show. */
export interface DecimalMarks {
  /** The decimal mark, where the other one separates groups of three digits: `1.200` or `1,200` is a group. */
  decimal?: "comma" | "point";
  /** How a cell is read that may as well be another number; absent where the cells leave no doubt. */
  doubt?: string;
}

type Mark = "comma" | "point";

const letter = { point: ".", comma: "," };
const codes = { point, comma };

/** What cells show of a mark, each by the first cell that shows it. */
interface Seen {
  /** The mark groups digits: the other one comes after it, as in 1.200,5 for the point. */
  certain?: string;
  /** The mark comes more than once, as in 1.200.300: it groups digits, or separates the parts of a version. */
  several?: string;
  /** Three digits follow the mark, as in 1.200: it is a thousands separator or a decimal mark. */
  either?: string;
  /** It is the decimal mark: other than three digits follow, or no group precedes it. */
  isDecimal: boolean;
}

/**
 * Finds the marks in rows of cells. A program writes all numbers in one way, so what some cells show holds for all; and where
 * no cell shows it, both marks together can only be points before decimals and commas between groups, or the other way round.
 */
export function decimalMarksIn(rows: readonly string[][], kind: LineKind): DecimalMarks {
  const cells = rows.flat().map((cell) => cell.trim());
  const points = seenIn(cells, kind, "point");
  const commas = seenIn(cells, kind, "comma");
  if (!points.isDecimal && isBetweenGroups(points, commas)) return { decimal: "comma" };
  if (!commas.isDecimal && isBetweenGroups(commas, points)) return { decimal: "point" };
  if (points.isDecimal && commas.isDecimal) return {};
  if (commas.isDecimal) return points.either === undefined ? {} : decided("comma", points.either);
  if (commas.either === undefined) return {};
  if (points.isDecimal || points.either !== undefined) return decided("point", commas.either);
  return { doubt: doubtOf(commas.either, commas.either.replace(",", "."), "point") };
}

/** Whether cells show that a mark groups digits: by what comes after one, or by several beside other decimals. */
function isBetweenGroups({ certain, several }: Seen, other: Seen): boolean {
  return certain !== undefined || (several !== undefined && (other.isDecimal || other.either !== undefined));
}

function decided(decimal: Mark, either: string): DecimalMarks {
  const other = decimal === "comma" ? "point" : "comma";
  const read = either.replaceAll(letter[other], "");
  return { decimal, doubt: doubtOf(either, read, other) };
}

const doubtOf = (cell: string, read: string, other: Mark) => {
  const alternative = read.includes(".") ? cell.replaceAll(",", "") : cell.replace(",", ".");
  return `${cell} is read as ${read}, but would be ${alternative} with decimal: ${other}`;
};

function seenIn(cells: readonly string[], kind: LineKind, mark: Mark): Seen {
  const seen: Seen = { isDecimal: false };
  for (const cell of cells) {
    if (!cell.includes(letter[mark])) continue;
    const grouping = groupingOf(cell);
    if (grouping?.mark === codes[mark]) {
      if (grouping.decimal !== 0) seen.certain ??= cell;
      else if (grouping.groups === 1) seen.either ??= cell;
      else if (!grouping.isAddress) seen.several ??= cell;
    } else if (cellKindOf(cell, kind) === "number" && !isGroupWithUnit(cell, mark)) seen.isDecimal = true;
  }
  return seen;
}

/** Whether three digits follow the mark, and a unit follows them: 1,200 kg shows no more than 1,200 does. */
const isGroupWithUnit = (cell: string, mark: Mark) => groupingOf(withoutUnit(cell))?.mark === codes[mark];

/** Returns a cell without the points between its groups of digits. */
export function withoutGroups(cell: string): string {
  const text = cell.trim();
  const grouping = text.includes(".") ? groupingOf(text) : null;
  return grouping?.mark === point && !grouping.isAddress ? text.replaceAll(".", "") : cell;
}
