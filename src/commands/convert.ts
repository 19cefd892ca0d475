import { recordingFile } from "../library/data-files.ts";
import { formatCount } from "../wording/quantities.ts";
import { choice } from "./command-line/call.ts";
import type { Invocation, Report } from "./command-line/command.ts";
import { csvCell, openLineOutput } from "./results/line-output.ts";

/** Writes a recording as CSV. */
export async function run(invocation: Invocation): Promise<Report | null> {
  const { positionals, options, json } = invocation;
  choice(invocation, "to", ["csv"], "csv");
  const out = options["out"];
  const data = recordingFile(positionals[0]);
  const columns = await data.columns();
  const lines = json && out === undefined ? null : openLineOutput(out);
  const kept: (number | string)[][] = [];
  const names = await Promise.all(columns.map((column) => data.classNames?.(column)));
  const worded = (value: number, column: number) => names[column]?.[value] ?? value;
  lines?.write(columns.map(csvCell).join(","));
  try {
    const { rows, damaged, tornBytes } = await data.read(columns, (values, offset) => {
      const row = Array.from(values.subarray(offset, offset + columns.length), worded);
      if (lines) lines.write(row.map(csvCell).join(","));
      else kept.push(row);
    });
    if (out === undefined && !json) return null;
    return {
      data: { rows, damaged, tornBytes, columns, ...(out === undefined ? { values: kept } : { out }) },
      text: `${formatCount(rows, "row")} of ${positionals[0]} written to ${out}`,
    };
  } finally {
    lines?.close();
  }
}
