import { safe } from "../../wording/safe.ts";

/** Rows below a header, each column as wide as its widest cell; columns in `right` are flushed right. */
export function textTable(header: string[], rows: string[][], right: readonly number[] = []): string {
  const table = createTable(header, right);
  for (const row of rows) table.measure(row);
  return [...table.head(), ...rows.map(table.line)].join("\n");
}

/** A table of more rows than memory should hold: each is measured, and then written in a second passage. */
export function createTable(header: readonly string[], right: readonly number[] = []) {
  const widths = header.map((title) => title.length);
  const padded = (cell: string, column: number) =>
    right.includes(column) ? cell.padStart(widths[column]) : cell.padEnd(widths[column]);
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, column) => padded(safe(cell), column))
      .join("  ")
      .trimEnd();
  return {
    /** Makes the columns wide enough for a row. */
    measure(cells: readonly string[]): void {
      for (const [column, cell] of cells.entries())
        widths[column] = Math.max(widths[column], safe(cell).length);
    },
    /** The titles, and a rule below them. */
    head: (): string[] => [line(header), line(widths.map((width) => "-".repeat(width)))],
    line,
  };
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
