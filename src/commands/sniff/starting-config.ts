import { mostClasses } from "../../learner/target.ts";
import { framings } from "../../samples/framings/framings.ts";
import type { ObservedField } from "../../samples/recognition/observation.ts";
import type { RecognizedStream } from "../../samples/recognition/recognized-stream.ts";
import { safeJson } from "../../wording/safe.ts";

/** Most classes: a column with more values is probably a count or a rounded number. */
const mostLikelyClasses = 20;

export interface StartingPort {
  path: string;
  baudRate: number;
}

/**
 * Returns the text of a first config for a recognized stream. Its target is the one that `rivulet replay` would choose
 * without a config: the column named label, a class, or target, a number, whichever is last. Without these it is the
 * last column, a class if its values look like one.
 *
 * @param port null if the bytes came from a file; the config then names an example port
 * @returns null with fewer than two fields, because nothing can be learned from one
 */
export function startingConfig(stream: RecognizedStream, port: StartingPort | null): string | null {
  const { fields, framing, observation } = stream;
  if (fields.length < 2) return null;
  const target =
    observation.fields.findLast(({ name }) => name === "label" || name === "target") ??
    (observation.fields.at(-1) as ObservedField);
  const classes = classesOf(target);
  const { path, baudRate } = port ?? { path: "/dev/ttyACM0", baudRate: 115_200 };
  const lines = [
    "source:",
    `  serial: { path: ${word(path)}, baudRate: ${baudRate} }${port === null ? " # your port" : ""}`,
    `  framing: ${framing}`,
  ];
  for (const [key, value] of Object.entries(stream.settings)) lines.push(`  ${key}: ${value}`);
  if (framings[framing].isBinary) {
    lines.push(
      "  fields: # the types are a guess: a frame does not say how its bytes are packed",
      ...fields.map(({ name, type }) => `    - { name: ${word(name)}, type: ${type} }`),
    );
  } else {
    lines.push("  fields:", ...fields.map(({ name }) => `    - ${word(name)}`));
  }
  lines.push(
    classes === null
      ? `target: { column: ${word(target.name)} } # a number; for a class say how many: classes: 3`
      : `target: { column: ${word(target.name)}, classes: ${classes} } # classes 0 to ${classes - 1}; a number: leave classes out`,
  );
  return `${lines.join("\n")}\n`;
}

/**
 * Returns how many classes a column seems to have; null if it looks like a number, or is named target, as numbers are.
 */
export function classesOf(field: ObservedField): number | null {
  const { name, minimum, maximum, whole, distinct, rising } = field;
  if (name === "target" || !whole || minimum < 0 || maximum >= mostClasses) return null;
  if (name === "label") return Math.max(2, maximum + 1);
  const isClass = maximum < mostLikelyClasses && distinct >= 2 && !rising;
  return isClass ? maximum + 1 : null;
}

/** Writes a text as YAML, in quotes if it could be read as anything else. */
function word(text: string): string {
  const isPlain =
    /^[A-Za-z_/][A-Za-z0-9_/.-]*$/.test(text) && !/^(true|false|yes|no|on|off|y|n|null)$/i.test(text);
  return isPlain ? text : safeJson(text);
}
