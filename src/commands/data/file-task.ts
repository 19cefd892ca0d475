/** What is to be learned from a data file without a config: which column is predicted, and the classes it holds. */
import { type Config, configOf } from "../../config/config.ts";
import { RivuletError, UsageError } from "../../errors/errors.ts";
import { mostClasses } from "../../learner/target.ts";
import { csvFile, type DataFile } from "../../library/data-files.ts";
import { lostName } from "../../recording/class-names.ts";
import { clockAmong } from "../../samples/decoding/text-look.ts";
import { classesFor } from "../../samples/recognition/class-names.ts";
import { suggestion } from "../../wording/nearest.ts";
import type { Invocation } from "../command-line/command.ts";

/** Most words that are taken for classes. */
const mostWords = 256;

/**
 * The config of a task that the command line and the file say: `--target` names the column to predict, which otherwise is
 * the one called label or target; `--classes` says how many classes it holds, or which. A column called label holds
 * classes, and so does one of words.
 *
 * @throws RivuletError where the file names no such column, or holds something else in it; UsageError for a wrong option
 */
export async function taskOf({ options }: Invocation, data: DataFile): Promise<Config> {
  const header = await data.columns();
  const column = options["target"] ?? usualTarget(data, header);
  if (!header.includes(column)) {
    throw new RivuletError(
      "data.missing-column",
      `${data.name} has no column "${column}" of --target; ${suggestion(column, header)}`,
    );
  }
  const kinds = (await data.kinds?.()) ?? [];
  const holdsWords = kinds.some(({ name, holds }) => name === column && holds === "words");
  const written = options["classes"];
  const names = written === undefined ? await data.classNames?.(column) : undefined;
  const recorded = names?.filter((name) => name !== lostName);
  const areClasses =
    written !== undefined || holdsWords || recorded !== undefined || /^(label|class)$/i.test(column);
  const classes = areClasses ? (recorded ?? (await classesOf(data, column, written ?? "auto"))) : undefined;
  const clock = clockAmong(kinds.filter(({ name }) => name !== column));
  const source = clock.length === 0 ? undefined : { time: clock };
  return configOf({ name: "task", source, target: { column, classes } }, data.name);
}

/** Refuses options of a task beside a config. */
export function refuseTaskOptions({ options, positionals }: Invocation): void {
  const given = ["target", "classes"].find((name) => options[name] !== undefined);
  if (given === undefined || positionals[0] === undefined) return;
  throw new UsageError(`--${given} says what the config ${positionals[0]} says too; leave one of them out`);
}

/** The column called label or target: the last one of a file is it by custom. */
function usualTarget(data: DataFile, header: readonly string[]): string {
  const last = header[header.length - 1];
  if (/^(label|target|class)$/i.test(last)) return last;
  const named = header.filter((name) => /^(label|target)$/i.test(name));
  if (named.length === 1) return named[0];
  throw new RivuletError(
    "data.missing-column",
    `${data.name} ends in the column "${last}": say with --target which column to predict (one of ${listed(header)}), name it label (a class) or target (a number), or give a CONFIG`,
  );
}

/** Most columns that a sentence lists. */
const mostListed = 20;

function listed(names: readonly string[]): string {
  const more = names.length - mostListed;
  return more <= 0 ? names.join(", ") : `${names.slice(0, mostListed).join(", ")} and ${more} more`;
}

/** The classes as a config names them: their number where they are counted from 0, else their names. */
async function classesOf(data: DataFile, column: string, written: string): Promise<number | string[]> {
  if (/^\d+$/.test(written)) return Number(written);
  if (written !== "auto") return written.split(",").map((name) => name.trim());
  const names: string[] = [];
  const found = csvFile(data.name, { fields: [{ name: column, classes: names, mostClasses: mostWords }] });
  const isText = data.kinds !== undefined;
  let largest = -1;
  await (isText ? found : data).read(
    [column],
    (values, offset, place) => {
      const label = values[offset];
      if (isText || Number.isNaN(label)) return;
      requireClass(data, place, label);
      largest = Math.max(largest, label);
    },
    { optional: column },
  );
  return isText ? tidy(data, column, names) : Math.max(2, largest + 1);
}

function requireClass(data: DataFile, place: number, label: number): void {
  if (Number.isInteger(label) && label >= 0 && label < mostClasses) return;
  throw new RivuletError(
    "data.bad-label",
    `${data.name}, ${data.unit} ${place}: the label is ${label}, but classes are whole numbers from 0 to ${mostClasses - 1}; name the column target if it is a number to predict`,
  );
}

/** Orders classes, and refuses those that are too many or have fractions. */
function tidy(data: DataFile, column: string, names: readonly string[]): number | string[] {
  const numbers = names.map(Number);
  if (names.length >= mostWords) {
    throw new RivuletError(
      "data.bad-label",
      `${data.name}: ${column} holds ${names.length} or more different values, too many for classes; name the column target if it is a number to predict`,
    );
  }
  if (numbers.every(Number.isFinite)) {
    const fraction = numbers.find((number) => !Number.isInteger(number));
    if (fraction !== undefined) {
      throw new RivuletError(
        "data.bad-label",
        `${data.name}: the label is ${fraction}, but classes are whole numbers; name the column target if it is a number to predict`,
      );
    }
  }
  const classes = classesFor(names);
  return typeof classes === "number" ? Math.min(mostClasses, classes) : classes;
}
