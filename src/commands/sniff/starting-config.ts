import { mostClasses } from "../../learner/target.ts";
import { framings } from "../../samples/framings/framings.ts";
import type { ObservedField } from "../../samples/recognition/observation.ts";
import type { RecognizedStream } from "../../samples/recognition/recognized-stream.ts";
import { safeJson } from "../../wording/safe.ts";

/** Most classes: a column with more values is probably a count or a rounded number. */
const mostLikelyClasses = 20;
/** Names that columns to predict have, in any case; the first is preferred over those behind it. */
const targetNames = [/^(label|target)$/i, /^(class|category|state|status|activity|fault|failure|alarm|y)$/i];

export interface StartingPort {
  path: string;
  baudRate: number;
}

/**
 * Returns the text of a first config for a recognized stream. Its target is a column that has the name of one, the last
 * of several; else one that behaves like a class; else the last one that is neither a clock nor constant. Where there
 * is none, the target stands in a comment for the user to fill in.
 *
 * @param port null if the bytes came from a file; the config then names an example port
 * @returns null with fewer than two fields, because nothing can be learned from one
 */
export function startingConfig(stream: RecognizedStream, port: StartingPort | null): string | null {
  const { framing, observation } = stream;
  const isByName = !framings[framing].isBinary && stream.findings["namedBy"] !== null;
  const observed = observation.fields;
  // Where columns go by name, a clock need not be among them: a network learns nothing from it.
  const used = observed.filter((field) => !(isByName && field.rising));
  if (used.length < 2) return null;
  const { path, baudRate } = port ?? { path: "/dev/ttyACM0", baudRate: 115_200 };
  const lines = [
    "source:",
    `  serial: { path: ${word(path)}, baudRate: ${baudRate} }${port === null ? " # your port" : ""}`,
    `  framing: ${stream.framingText ?? framing}`,
  ];
  for (const [key, value] of Object.entries(stream.settings)) lines.push(`  ${key}: ${value}`);
  if (framings[framing].isBinary) {
    const types = new Map(stream.fields.map(({ name, type }) => [name, type]));
    lines.push(
      "  fields: # the types are a guess: a frame does not say how its bytes are packed",
      ...used.map(
        (field) => `    - { name: ${word(field.name)}, type: ${types.get(field.name)} }${remark(field)}`,
      ),
    );
  } else {
    const left = observed.filter((field) => !used.includes(field)).map(({ name }) => name);
    lines.push(
      `  fields:${left.length === 0 ? "" : ` # without ${left.map((name) => safeJson(name)).join(", ")}, a clock or a counter`}`,
      ...used.map((field) => `    - ${word(field.name)}${remark(field)}`),
    );
  }
  lines.push(targetLine(used));
  return `${lines.join("\n")}\n`;
}

function targetLine(fields: readonly ObservedField[]): string {
  const target = targetOf(fields);
  if (target === null) {
    return "# target: { column: NAME } # the column to predict: no column looks like one, as all are clocks or constant";
  }
  const classes = classesOf(target);
  return classes === null
    ? `target: { column: ${word(target.name)} } # a number; for a class say how many: classes: 3`
    : `target: { column: ${word(target.name)}, classes: ${classes} } # classes 0 to ${classes - 1}; a number: leave classes out`;
}

/** Returns the column that is most likely to be predicted; null where none can be. */
function targetOf(fields: readonly ObservedField[]): ObservedField | null {
  // A label may not have changed yet: its name is enough, except of a clock.
  for (const name of targetNames) {
    const named = fields.findLast((field) => name.test(field.name) && !field.rising);
    if (named !== undefined) return named;
  }
  const possible = fields.filter(({ rising, distinct }) => !rising && distinct > 1);
  const last = possible.at(-1) ?? null;
  if (last === null || classesOf(last) !== null) return last;
  return possible.findLast((field) => classesOf(field) !== null) ?? last;
}

/**
 * Returns how many classes a column seems to have; null if it looks like a number, or is named target, as numbers are.
 */
export function classesOf(field: ObservedField): number | null {
  const { name, minimum, maximum, whole, distinct, rising } = field;
  if (/^target$/i.test(name) || !whole || minimum < 0 || maximum >= mostClasses) return null;
  if (/^label$/i.test(name)) return Math.max(2, maximum + 1);
  const isClass = maximum < mostLikelyClasses && distinct >= 2 && !rising;
  return isClass ? maximum + 1 : null;
}

/** A comment on a field: what it is not good for, or a range to limit it to. */
function remark(field: ObservedField): string {
  if (field.rising) return " # a clock or a counter: not useful as an input";
  if (field.distinct < 2) return ` # always ${shortNumber(field.minimum)} so far`;
  if (classesOf(field) !== null) return "";
  const [low, high] = roomyRange(field);
  return ` # range: [${low}, ${high}] would refuse what lies outside`;
}

/** The range of the values so far with half as much room on each side, in round numbers. */
function roomyRange({ minimum, maximum }: ObservedField): [low: string, high: string] {
  const room = (maximum - minimum) / 2;
  const step = 10 ** Math.floor(Math.log10(room));
  const low = Math.floor((minimum - room) / step) * step;
  const high = Math.ceil((maximum + room) / step) * step;
  // What is never negative may not become so.
  return [shortNumber(minimum >= 0 ? Math.max(0, low) : low), shortNumber(high)];
}

const shortNumber = (value: number) => String(Number(value.toPrecision(6)));

/** Writes a text as YAML, in quotes if it could be read as anything else. */
function word(text: string): string {
  const isPlain =
    /^[A-Za-z_/][A-Za-z0-9_/.-]*$/.test(text) && !/^(true|false|yes|no|on|off|y|n|null)$/i.test(text);
  return isPlain ? text : safeJson(text);
}
