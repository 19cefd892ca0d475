/** What commands require of the file that --data names, beyond its being CSV. */
import { statSync } from "node:fs";
import { type Config, sampleColumns } from "../../config/config.ts";
import { RivuletError } from "../../errors/errors.ts";
import type { DataFile } from "../../library/data-files.ts";
import { suggestion } from "../../wording/nearest.ts";

/** Whether the name is that of a pipe or another file that can be read only once. */
export function isPipe(data: string): boolean {
  const found = statSync(data, { throwIfNoEntry: false });
  return found !== undefined && (found.isFIFO() || found.isSocket() || found.isCharacterDevice());
}

/** Refuses a pipe where rows are read more than once. A missing file is refused where it is read. */
export function requireRereadable(data: string): void {
  if (isPipe(data)) {
    throw new RivuletError(
      "file.unsuitable",
      `${data} is a pipe, not a regular file, and its rows are read more than once; write them to a file and name that`,
    );
  }
}

/**
 * The columns of a data file that are used, in order: those that the config names, or all that it does not ignore.
 * @throws RivuletError where the file cannot be read, or source.ignore names a column that it lacks
 */
export async function columnsOf(config: Config, file: DataFile): Promise<string[]> {
  const columns = sampleColumns(config);
  if (columns !== null) return columns;
  const { ignore } = config.source;
  const header = await file.columns();
  const unknown = ignore.find((name) => !header.includes(name));
  if (unknown !== undefined) {
    throw new RivuletError(
      "data.missing-column",
      `${config.file}: source.ignore names "${unknown}", which is no column of ${file.name}; ${suggestion(unknown, header)}`,
    );
  }
  return header.filter((name) => !ignore.includes(name));
}
