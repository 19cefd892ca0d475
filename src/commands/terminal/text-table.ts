import { safe } from "../../wording/safe.ts";

/** Rows below a header, each column as wide as its widest cell; columns in `right` are flushed right. */
export function textTable(header: string[], given: string[][], right: readonly number[] = []): string {
  const rows = given.map((row) => row.map(safe));
  const widths = header.map((title) => title.length);
  // Not Math.max of all rows at once: a hundred thousand are too many arguments.
  for (const row of rows) {
    for (const [column, cell] of row.entries()) widths[column] = Math.max(widths[column], cell.length);
  }
  const line = (cells: string[]) =>
    cells
      .map((cell, column) =>
        right.includes(column) ? cell.padStart(widths[column]) : cell.padEnd(widths[column]),
      )
      .join("  ")
      .trimEnd();
  return [line(header), line(widths.map((width) => "-".repeat(width))), ...rows.map(line)].join("\n");
}

/** A line of `facts`: name and value, which may have several lines; null for a line that is left out. */
export type Fact = [name: string, value: string | readonly string[]] | null;

/** `name  value` lines with the values in one column, also those of several lines. Safe to print. */
export function facts(given: readonly Fact[]): string {
  const rows = given.filter((row) => row !== null);
  const width = Math.max(...rows.map(([name]) => name.length));
  const further = `\n${" ".repeat(width + 2)}`;
  return rows
    .map(([name, value]) => {
      const lines = typeof value === "string" ? [value] : value;
      return `${name.padEnd(width)}  ${lines.map(safe).join(further)}`.trimEnd();
    })
    .join("\n");
}
