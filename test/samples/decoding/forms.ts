/** Tables of numbers as text, in every form that is not ambiguous. */
import fc from "fast-check";

export const formNames = ["temp", "hum", "flow"];
const comma = (cells: string[]) => cells.map((cell) => cell.replace(".", ","));

/** How a row may be written, and what stands above the first one. */
export const forms: Record<string, { row: (cells: string[]) => string; header?: string }> = {
  commas: { row: (cells) => cells.join(",") },
  "commas below a header": { row: (cells) => cells.join(","), header: "temp,hum,flow" },
  "commas below a header of another order": {
    row: ([t, h, f]) => `12:00,${f},${h},${t}`,
    header: "time,Flow (l/s),HUM,temp",
  },
  "semicolons and decimal commas": { row: (cells) => comma(cells).join(";") },
  "tabs and decimal commas": { row: (cells) => comma(cells).join("\t") },
  "vertical bars": { row: (cells) => cells.join(" | ") },
  blanks: { row: (cells) => cells.join("   ") },
  quotes: { row: (cells) => cells.map((cell) => `"${cell}"`).join(",") },
  units: { row: ([t, h, f]) => `${t}C,${h} %,${f}m3/h` },
  tuples: { row: (cells) => `(${cells.join(", ")})` },
  "JSON objects": { row: ([t, h, f]) => `{"temp":${t},"x":{"y":[1]},"hum":"${h}","flow":${f}}` },
  pairs: { row: ([t, h, f]) => `hum: ${h}, temp: ${t}, flow: ${f}` },
  "equals signs": { row: ([t, h, f]) => `temp=${t} hum=${h} flow=${f}` },
  "names and values in turns": { row: ([t, h, f]) => `temp\t${t}\thum\t${h}\tflow\t${f}` },
  "InfluxDB lines": { row: ([t, h, f]) => `pump,place=a temp=${t},hum=${h},flow=${f} 1700000000` },
};

const number = fc.oneof(
  fc.integer({ min: -1e6, max: 1e6 }).map(String),
  fc.tuple(fc.integer({ min: -1e6, max: 1e6 }), fc.integer({ min: 1, max: 6 })).map(([value, places]) => {
    return (value / 10 ** places).toFixed(places);
  }),
);
const lineEnd = fc.constantFrom("\n", "\r\n", "\r");
/** What may stand between two rows: empty lines, comments, padding, a message. */
const between = fc.constantFrom("", "", "", "\n", "# note\n", "W (312) wifi down\n", "\0\0\n", "\r\n");

/**
 * A table in a form, as text and as numbers.
 *
 * @param last the cells of the last column; default: any numbers
 */
export const tableAsText = (form: string, last: fc.Arbitrary<string> = number) =>
  fc
    .record({
      rows: fc.array(fc.tuple(number, number, last), { minLength: 8, maxLength: 30 }),
      ends: fc.array(lineEnd, { minLength: 1 }),
      gaps: fc.array(between, { minLength: 1 }),
    })
    .map(({ rows, ends, gaps }) => {
      const { row, header } = forms[form];
      const lines = rows.map(
        (cells, index) => gaps[index % gaps.length] + row(cells) + ends[index % ends.length],
      );
      // A form with units or another separator is known by its first line, so nothing stands before that.
      lines[0] = row(rows[0]) + ends[0];
      return {
        text: (header === undefined ? "" : `${header}\n`) + lines.join(""),
        rows: rows.map((cells) => cells.map((cell) => Number(cell) + 0)),
      };
    });
