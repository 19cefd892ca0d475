/** What commands require of the file that --data names, beyond its being CSV. */
import { statSync } from "node:fs";
import { type Config, sampleColumns } from "../../config/config.ts";
import { RivuletError, UsageError } from "../../errors/errors.ts";
import { namesIn } from "../../learner/target.ts";
import { csvFile, type DataFile, recordingFile, type TextFileOptions } from "../../library/data-files.ts";
import { isRecordingFile } from "../../recording/play.ts";
import type { TextColumn } from "../../samples/decoding/text-look.ts";
import { suggestion } from "../../wording/nearest.ts";
import type { Fact } from "../terminal/text-table.ts";
import { framedFile } from "./framed-file.ts";

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

/** A text file as a config describes it. */
export function configuredFile(path: string, config: Config): DataFile {
  const { columns, decimal, time } = config.source;
  const mark = decimal === "auto" ? null : decimal;
  return csvFile(path, {
    fields: fieldsIn(config),
    columns,
    decimal: mark,
    ...(time && !time.isInHeader && { time }),
  });
}

type KnownFields = NonNullable<TextFileOptions["fields"]>;

/** The columns of which a config says more than their name. */
function fieldsIn({ source, target }: Config): KnownFields {
  return source.fields ?? (target === null ? [] : namedTarget(target));
}

/** The column to predict, where its classes have names. */
export function namedTarget(target: { column: string }): KnownFields {
  const { names } = namesIn(target);
  return names === undefined ? [] : [{ name: target.column, classes: names, mostClasses: names.length }];
}

/**
 * The rows of a file: a recording, or text as a config or `fields` describes it.
 * @throws UsageError where the times of a recording are asked of text
 */
export async function openData(
  path: string,
  {
    realTime = false,
    config = null,
    fields = config === null ? [] : fieldsIn(config),
  }: { realTime?: boolean; config?: Config | null; fields?: KnownFields } = {},
): Promise<DataFile> {
  // A pipe can be read only once, so its first bytes cannot be looked at: it is taken to send CSV.
  if (!isPipe(path) && (await isRecordingFile(path))) return recordingFile(path, { realTime, fields });
  if (realTime) {
    throw new UsageError(
      `--real-time needs the times of a recording, but ${path} is a CSV file; leave the option out`,
    );
  }
  if (config === null) return csvFile(path, { fields });
  const framed = isPipe(path) ? null : await framedFile(path, config);
  return framed ?? configuredFile(path, config);
}

/**
 * The columns of a data file that are used, in order: those that the config names, or all that it does not ignore and
 * that hold numbers, clocks apart.
 * @throws RivuletError where the file cannot be read, or source.ignore names a column that it lacks
 */
export async function columnsOf(config: Config, file: DataFile): Promise<string[]> {
  const columns = sampleColumns(config);
  if (columns !== null) return columns;
  const { ignore, time } = config.source;
  const header = await file.columns();
  const unknown = ignore.find((name) => typeof name === "string" && !header.includes(name));
  if (unknown !== undefined) {
    throw new RivuletError(
      "data.missing-column",
      `${config.file}: source.ignore names "${unknown}", which is not a column of ${file.name}; ${suggestion(String(unknown), header)}`,
    );
  }
  const wanted = header.filter((name, place) => !ignore.includes(name) && !ignore.includes(place));
  const useless = new Set((await uselessColumns(file, config.target?.column ?? "")).map(({ name }) => name));
  return wanted.filter((name) => !useless.has(name) && !time?.columns.includes(name));
}

/** The columns of a file that nothing can be learned from, apart from the target: words, clocks, counters, nothing. */
export async function uselessColumns(file: DataFile, target: string): Promise<TextColumn[]> {
  const kinds = (await file.kinds?.()) ?? [];
  return kinds.filter(({ name, holds }) => holds !== "numbers" && name !== target);
}

const whatTheyHold: Record<TextColumn["holds"], string> = {
  numbers: "numbers",
  words: "words",
  clock: "a clock",
  counter: "a counter of the rows",
  nothing: "nothing",
};

/** Which columns of a file are left out, and why, as a `name, value` row; null where none is. */
export async function leftOutFact(file: DataFile, used: readonly string[]): Promise<Fact> {
  const left = (await uselessColumns(file, "")).filter(({ name }) => !used.includes(name));
  if (left.length === 0) return null;
  return ["left out", left.map(({ name, holds }) => `${name}, ${whatTheyHold[holds]}`).join("; ")];
}
