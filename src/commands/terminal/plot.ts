/** A curve to draw. */
export interface Plot {
  /** x above 0 and rising, y finite. */
  points: readonly (readonly [x: number, y: number])[];
  /** Places on the x axis, each with a line up to its label. */
  marks: readonly { x: number; label: string }[];
  /** Columns of the whole drawing. */
  width: number;
  /** Rows of the curve, without labels and axis. */
  height: number;
}

/** Bits of a braille character, by the row and the column of the dot. */
const dots = [
  [0x01, 0x08],
  [0x02, 0x10],
  [0x04, 0x20],
  [0x40, 0x80],
];
const blankBraille = 0x2800;

/** Draws y over the logarithm of x with braille dots, eight to a character. */
export function plot({ points, marks, width, height }: Plot): string {
  const low = Math.min(...points.map(([, y]) => y));
  const high = Math.max(...points.map(([, y]) => y));
  const first = Math.log10(points[0][0]);
  const last = Math.log10(points[points.length - 1][0]);
  const label = (y: number) => y.toPrecision(3);
  const gutter = Math.max(label(low).length, label(high).length) + 1;
  const columns = Math.max(10, width - gutter - 1);

  /** Share of the way from `from` to `to`, or the middle where there is no way. */
  const share = (value: number, from: number, to: number) => (to > from ? (value - from) / (to - from) : 0.5);
  const dotX = (x: number) => Math.round(share(Math.log10(x), first, last) * (2 * columns - 1));
  const dotY = (y: number) => Math.round((1 - share(y, low, high)) * (4 * height - 1));
  const columnOf = (x: number) => Math.max(0, Math.min(columns - 1, dotX(x) >> 1));

  const curve = drawCurve(
    points.map(([x, y]) => [dotX(x), dotY(y)]),
    columns,
    height,
  );
  const placed = marks.map((mark) => ({ column: columnOf(mark.x), label: mark.label }));
  const labels = labelRows(placed, columns);
  const lines = [...labels.rows, ...curve];
  // A mark's line runs from below its label down to the axis, behind the curve.
  for (const [index, { column }] of placed.entries()) {
    for (let row = labels.rowOf[index] + 1; row < lines.length; row++) {
      if (lines[row][column] === " ") lines[row][column] = "┊";
    }
  }

  const named = new Map([
    [labels.rows.length, label(high)],
    [lines.length - 1, label(low)],
  ]);
  const body = lines.map((cells, row) => {
    const isCurve = row >= labels.rows.length;
    const axis = isCurve ? (named.has(row) ? "┤" : "│") : " ";
    return `${(named.get(row) ?? "").padStart(gutter - 1)} ${axis}${cells.join("")}`;
  });
  const axis = xAxis(first, last, columns, columnOf);
  const margin = " ".repeat(gutter);
  return [...body, `${margin}└${axis.line}`, `${margin} ${axis.numbers}`]
    .map((line) => line.trimEnd())
    .join("\n");
}

/** The curve through dots, as cells [height][columns]. */
function drawCurve(path: number[][], columns: number, height: number): string[][] {
  const bits = Array.from({ length: height }, () => new Uint8Array(columns));
  let [fromX, fromY] = path[0];
  for (const [toX, toY] of path) {
    const steps = Math.max(1, Math.abs(toX - fromX), Math.abs(toY - fromY));
    for (let step = 0; step <= steps; step++) {
      const x = Math.round(fromX + ((toX - fromX) * step) / steps);
      const y = Math.round(fromY + ((toY - fromY) * step) / steps);
      bits[y >> 2][x >> 1] |= dots[y & 3][x & 1];
    }
    [fromX, fromY] = [toX, toY];
  }
  return bits.map((row) => Array.from(row, (bit) => (bit ? String.fromCharCode(blankBraille + bit) : " ")));
}

/** Labels in as few rows as let none touch another, and the row of each. */
function labelRows(marks: { column: number; label: string }[], columns: number) {
  const rows: string[][] = [];
  const rowOf = marks.map(({ column, label }) => {
    const start = Math.max(0, Math.min(columns - label.length, column - (label.length >> 1)));
    const isFree = (row: string[]) =>
      row.slice(Math.max(0, start - 2), start + label.length + 2).every((cell) => cell === " ");
    let row = rows.findIndex(isFree);
    if (row < 0) row = rows.push(Array(columns).fill(" ")) - 1;
    for (const [index, letter] of [...label.slice(0, columns)].entries()) rows[row][start + index] = letter;
    return row;
  });
  return { rows, rowOf };
}

/** The line below the curve with a tick at each power of ten, and the numbers that fit. */
function xAxis(first: number, last: number, columns: number, columnOf: (x: number) => number) {
  const line = Array(columns).fill("─");
  const numbers = Array(columns).fill(" ");
  let free = 0;
  // Logarithms of powers of ten may be off in the last digit.
  for (let exponent = Math.ceil(first - 1e-9); exponent <= last + 1e-9; exponent++) {
    const column = columnOf(10 ** exponent);
    line[column] = "┬";
    const text =
      exponent < -2 || exponent > 3 ? `1e${exponent}` : String(Number((10 ** exponent).toFixed(2)));
    const start = Math.max(0, Math.min(columns - text.length, column - (text.length >> 1)));
    if (start < free) continue;
    for (const [index, letter] of [...text].entries()) numbers[start + index] = letter;
    free = start + text.length + 1;
  }
  return { line: line.join(""), numbers: numbers.join("") };
}
