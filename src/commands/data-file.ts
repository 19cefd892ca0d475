/** What commands ask of the file that --data names, beyond its being CSV. */
import { statSync } from "node:fs";
import { type Config, sampleColumns } from "../config/config.ts";
import { RivuletError } from "../errors/errors.ts";
import { readHeader } from "../samples/decoding/csv-file.ts";
import { suggestion } from "../wording/nearest.ts";

/** Whether what is named is read as it comes, and only once. */
export function isPipe(data: string): boolean {
  const found = statSync(data, { throwIfNoEntry: false });
  return found !== undefined && (found.isFIFO() || found.isSocket() || found.isCharacterDevice());
}

/** Refuses a pipe where the rows are needed more than once. A file that is not there is refused where it is read. */
export function requireRereadable(data: string): void {
  if (isPipe(data)) {
    throw new RivuletError(
      "file.unsuitable",
      `${data} is no file but a stream, which can be read only once: write its rows to a file, and name that`,
    );
  }
}

/** The columns of a data file that count, in order: those that the config names, or all that it does not ignore. */
export async function columnsOf(
  config: Config,
  data: string,
  namesIn: (data: string) => Promise<string[]> = readHeader,
): Promise<string[]> {
  const columns = sampleColumns(config);
  if (columns !== null) return columns;
  const { ignore } = config.source;
  const header = await namesIn(data);
  const unknown = ignore.find((name) => !header.includes(name));
  if (unknown !== undefined) {
    throw new RivuletError(
      "data.missing-column",
      `${config.file}: source.ignore names "${unknown}", which is no column of ${data}; ${suggestion(unknown, header)}`,
    );
  }
  return header.filter((name) => !ignore.includes(name));
}

/** The complaint about a row whose label is no class. */
export function badLabel(data: string, line: number, label: number, classes: number): RivuletError {
  return new RivuletError(
    "data.bad-label",
    `${data}, line ${line}: the label is ${label}, but classes are whole numbers from 0 to ${classes - 1}; correct it, or raise target.classes`,
  );
}
