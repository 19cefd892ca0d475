/** The keys `name` and `checkpoint` of a config: where the state is saved. */
import { basename, dirname, extname, resolve } from "node:path";
import * as v from "valibot";
import { accepting, duration, map, must, oneOf, optional, text, wholeNumber } from "./schema.ts";

/** Schema of the key `name`. */
export const nameSchema = optional(
  "Name of the machine or place that is measured, used for checkpoints and the service",
  accepting(
    "letters, digits, dots, dashes or underscores",
    v.pipe(
      v.string(must("a short text")),
      v.regex(/^[A-Za-z0-9][A-Za-z0-9._-]*$/, must("letters, digits, dots, dashes or underscores")),
    ),
  ),
  { otherwise: "the config's file name without its extension" },
);

export const checkpointSchema = map({
  directory: optional(
    "Folder of the checkpoints; a relative path is relative to the config's folder",
    text("the path of a folder"),
    { otherwise: "checkpoints/NAME, with the config's name" },
  ),
  every: optional("Time between two checkpoints", duration(), {
    otherwise: "10min, or so long that a day's checkpoints write at most 10 MB",
  }),
  keep: optional("Number of checkpoints to keep; older ones are deleted", wholeNumber(1, 10_000), {
    default: 5,
  }),
  onChange: optional(
    "What to do where fields, classes or layers have changed: refuse to start, or carry over by name what was learned",
    oneOf(["refuse", "migrate"]),
    { default: "refuse" },
  ),
});

/** The name that a config has, or that its file gives it. */
export const nameFor = (name: string | undefined, file: string): string =>
  name ?? basename(file, extname(file));

/** The folder of the checkpoints of a config. */
export const checkpointFolderFor = (directory: string | undefined, name: string, file: string): string =>
  resolve(dirname(file), directory ?? `checkpoints/${name}`);
