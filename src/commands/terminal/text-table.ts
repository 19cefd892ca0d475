/** Rows below a header, each column as wide as its widest cell; columns in `right` are flushed right. */
export function textTable(header: string[], rows: string[][], right: readonly number[] = []): string {
  const widths = header.map((title, column) =>
    Math.max(title.length, ...rows.map((row) => row[column].length)),
  );
  const line = (cells: string[]) =>
    cells
      .map((cell, column) =>
        right.includes(column) ? cell.padStart(widths[column]) : cell.padEnd(widths[column]),
      )
      .join("  ")
      .trimEnd();
  return [line(header), line(widths.map((width) => "-".repeat(width))), ...rows.map(line)].join("\n");
}

/** A line of `facts`: name and value; null for a line that is left out. */
export type Fact = [name: string, value: string] | null;

/** `name  value` lines with the values in one column, also those of several lines. */
export function facts(given: readonly Fact[]): string {
  const rows = given.filter((row) => row !== null);
  const width = Math.max(...rows.map(([name]) => name.length));
  const further = `\n${" ".repeat(width + 2)}`;
  return rows
    .map(([name, value]) => `${name.padEnd(width)}  ${value.replaceAll("\n", further)}`.trimEnd())
    .join("\n");
}
