/** The reference of the parts that a config can name: layers, losses, optimizers, clips, schedules, transforms. */
import { type Kind, kindsOfModel } from "../engine/model/description.ts";
import { seriesTransforms } from "../features/series-transforms.ts";
import { transforms } from "../features/transforms.ts";
import { type Setting, settingText } from "../setting.ts";

/** The reference entry of one part. */
export interface PartReference {
  name: string;
  title: string;
  options: OptionReference[];
}

/** The reference entry of one option of a part. */
export interface OptionReference {
  name: string;
  title: string;
  accepts: string;
  /** The default as written in a config; null for a required option. */
  leftOut: string | null;
}

/** Sorts kinds by name, because a bundler may reorder the exports of a module. */
const byName = <Value>(kinds: Record<string, Value>): [string, Value][] =>
  Object.entries(kinds).sort(([a], [b]) => (a < b ? -1 : 1));

/** Returns the parts that each key may name, by the path of the key; `[]` means each item of a list. */
export function configParts(): Record<string, PartReference[]> {
  const { layers, loss, optimizer, clip, schedule } = kindsOfModel;
  return {
    "features[]": byName<{ title: string; settings: object }>({ ...seriesTransforms, ...transforms }).map(
      transformPart,
    ),
    "model.layers[]": byName<Kind<unknown>>(layers).map(modelPart),
    "model.optimizer": byName<Kind<unknown>>(optimizer).map(modelPart),
    "model.loss": byName<Kind<unknown>>(loss).map(modelPart),
    "model.clip": byName<Kind<unknown>>(clip).map(modelPart),
    "model.schedule": byName<Kind<unknown>>(schedule).map(modelPart),
  };
}

function transformPart([name, { title, settings }]: [
  string,
  { title: string; settings: object },
]): PartReference {
  const options = Object.entries(settings as Record<string, Setting>).map(([option, setting]) => ({
    ...{ name: option, title: setting.title, accepts: settingText(setting) },
    leftOut: "list" in setting ? (setting.otherwise ?? null) : String(setting.default),
  }));
  return { name, title, options };
}

function modelPart([name, kind]: [string, Kind<unknown>]): PartReference {
  const options = Object.entries(kind.options).map(([option, check]) => ({
    ...{ name: option, title: check.title, accepts: check(Symbol()) ?? "" },
    leftOut: defaultOf(kind, option),
  }));
  return { name, title: kind.title, options };
}

/**
 * The default of an option: its value after building the kind with the required options alone. It is built with two sets
 * of them, because a default may be the value of another option; a pool's stride, for example, is its kernel.
 */
function defaultOf(kind: Kind<unknown>, option: string): string | null {
  const { needs = [], build } = kind;
  if (needs.includes(option)) return null;
  const [first, second] = [8, 4].map((size) => {
    const required = Object.fromEntries(needs.map((name) => [name, name === "layers" ? [] : size]));
    return (build(required, "") as Record<string, unknown>)[option];
  });
  if (first === undefined) {
    if (kind.alone === option) return null;
    return kind.options[option](false) === null ? "false" : "none";
  }
  return String(first) === String(second) ? written(first) : `the ${needs[0]}`;
}

/** Formats a value as it is written in a config, on one line. */
export function written(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(written).join(", ")}]`;
  if (typeof value !== "object" || value === null) return String(value);
  return `{ ${Object.entries(value)
    .map(([key, of]) => `${key}: ${written(of)}`)
    .join(", ")} }`;
}
