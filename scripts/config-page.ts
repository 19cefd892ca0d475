/** Writes docs/config.md, the reference of the config: every key, part and error code, from the schema. */
import { writeFileSync } from "node:fs";
import { fileURLToPath, pathToFileURL } from "node:url";
import { stringify } from "yaml";
import { configParts, type PartReference } from "../src/config/part-reference.ts";
import { configKeys, type KeyReference } from "../src/config/reference.ts";
import { describeModel } from "../src/engine/model/description.ts";
import { errorCodes } from "../src/errors/codes.ts";
import { modelFor } from "../src/learner/model.ts";
import { framings } from "../src/samples/framings/framings.ts";

/** What is said of each list of parts. */
const partTitles: Record<string, { title: string; singular: string }> = {
  "features[]": { title: "Transforms", singular: "transform" },
  "model.layers[]": { title: "Layers", singular: "layer" },
  "model.optimizer": { title: "Optimizers", singular: "optimizer" },
  "model.loss": { title: "Losses", singular: "loss" },
  "model.clip": { title: "Clipping", singular: "clip" },
  "model.schedule": { title: "Schedules", singular: "schedule" },
};

const cell = (text: string) => text.replaceAll("|", "\\|");

function table(header: string[], rows: string[][]): string {
  const line = (cells: string[]) => `| ${cells.map(cell).join(" | ")} |`;
  return [line(header), `|${header.map(() => "---").join("|")}|`, ...rows.map(line)].join("\n");
}

/** A key at the top, and those in it. */
function keySection(top: KeyReference, inner: KeyReference[]): string {
  const rows = (inner.length > 0 ? inner : [top]).map(({ path, title, accepts, leftOut }) => [
    `\`${path}\``,
    title,
    accepts,
    leftOut ?? "required",
  ]);
  return [
    `## ${top.path}`,
    `${top.title}. ${top.leftOut === null ? "Required." : `Left out: ${top.leftOut}.`}`,
    table(["key", "meaning", "value", "left out"], rows),
  ].join("\n\n");
}

function keySections(): string[] {
  const parts = Object.keys(configParts());
  const keys = configKeys().filter(({ path }) => !parts.some((part) => path.startsWith(`${part}.`)));
  return keys
    .filter(({ path }) => !path.includes("."))
    .map((top) =>
      keySection(
        top,
        keys.filter(({ path }) => path.startsWith(`${top.path}.`)),
      ),
    );
}

function partSection(path: string, parts: PartReference[]): string {
  const { title, singular } = partTitles[path];
  const rows = parts.flatMap((part) => [
    [`\`${part.name}\``, part.title, "", ""],
    ...part.options.map(({ name, title, accepts, leftOut }) => [
      `\`${part.name}.${name}\``,
      title,
      accepts,
      leftOut ?? "required",
    ]),
  ]);
  return [
    `## ${title}`,
    `Each ${singular} at \`${path}\` is a name, or a name with its options.`,
    table([singular, "meaning", "value", "left out"], rows),
  ].join("\n\n");
}

function framingSection(): string {
  const rows = Object.entries(framings).map(([name, { title }]) => [`\`${name}\``, title]);
  return ["## Framings", "Values of `source.framing`.", table(["framing", "meaning"], rows)].join("\n\n");
}

const flow = (value: unknown) => stringify(value, { collectionStyle: "flow", lineWidth: 0 }).trim();

/** The parts that the learner chooses, as a config would have them. */
function defaultModelSection(): string {
  const written = (target: Parameters<typeof modelFor>[0]) => {
    const { layers, loss, optimizer } = describeModel(modelFor(target, {}, 1));
    const lines = Object.entries({ layers, loss, optimizer }).map(
      ([key, value]) => `  ${key}: ${flow(value)}`,
    );
    return `\`\`\`yaml\nmodel:\n${lines.join("\n")}\n\`\`\``;
  };
  return [
    "## The default model",
    "What is left out of `model` is chosen for the target. For three classes it is",
    written({ column: "label", classes: 3 }),
    "and for a number",
    written({ column: "flow", standardize: true }),
  ].join("\n\n");
}

function errorSection(): string {
  const rows = Object.entries(errorCodes).map(([code, meaning]) => [`\`${code}\``, meaning]);
  return [
    "## Error codes",
    "A `RivuletError` has a `code`, and where it is about the config the `path` of the key, `file` and `line`. With `--json` a command that fails prints them beside the sentence. A code stays the same when its sentence is reworded.",
    table(["code", "meaning"], rows),
  ].join("\n\n");
}

/** The whole page. */
export function configPage(): string {
  return `${[
    "# Config reference",
    "A config is one YAML file. This page is made from the schema that checks it; `rivulet config KEY` prints the same in a terminal, and `rivulet doctor CONFIG` checks a file. Names such as `source.fields[].name` are paths: `[]` stands for each item of a list. Durations are written with a unit, `ms`, `s`, `min`, `h` or `d`; sizes with `B`, `kB`, `MB`, `GB`, `KiB`, `MiB` or `GiB`.",
    ...keySections(),
    defaultModelSection(),
    framingSection(),
    ...Object.entries(configParts()).map(([path, parts]) => partSection(path, parts)),
    errorSection(),
  ].join("\n\n")}\n`;
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  writeFileSync(fileURLToPath(new URL("../docs/config.md", import.meta.url)), configPage());
}
