import { mostClasses } from "../../learner/target.ts";
import { framings } from "../../samples/framings/framings.ts";
import type { ObservedField } from "../../samples/recognition/observation.ts";
import type { RecognizedStream } from "../../samples/recognition/recognized-stream.ts";

/** More classes than this are rather a count or a rounded number. */
const mostLikelyClasses = 20;

export interface StartingPort {
  path: string;
  baudRate: number;
}

/**
 * The text of a config for what was recognised, to start from. What is predicted is what `rivulet replay` would predict
 * without a config: the column called label, a class, or target, a number, whichever comes last. Where neither is there
 * it is the last column, a class where its values look like one.
 *
 * @param port null where the bytes came from a file: then the config names an example
 * @returns null where there are fewer than two fields, because nothing can be learned from one
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

/** How many classes a column seems to have; null where it looks like a number, or is called target, as numbers are. */
export function classesOf(field: ObservedField): number | null {
  const { name, minimum, maximum, whole, distinct, rising } = field;
  if (name === "target" || !whole || minimum < 0 || maximum >= mostClasses) return null;
  if (name === "label") return Math.max(2, maximum + 1);
  const isClass = maximum < mostLikelyClasses && distinct >= 2 && !rising;
  return isClass ? maximum + 1 : null;
}

/** A text as YAML, in quotes where it could be read as anything else. */
function word(text: string): string {
  const isPlain =
    /^[A-Za-z_/][A-Za-z0-9_/.-]*$/.test(text) && !/^(true|false|yes|no|on|off|y|n|null)$/i.test(text);
  return isPlain ? text : JSON.stringify(text);
}
