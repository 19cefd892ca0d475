/**
 * The written form of a model, the same in YAML, JSON and checkpoints: `"relu"`, `{ dense: 16 }`,
 * `{ dense: { outputs: 16, bias: false } }`, `{ adam: { learningRate: 0.001 } }`.
 */

import { keyError } from "../../errors/errors.ts";
import { suggestion } from "../../wording/nearest.ts";
import { shown } from "../../wording/safe.ts";
import { layerKinds } from "../layers/index.ts";
import { lossKinds } from "../losses/index.ts";
import { optimizerKindOf, optimizerKinds } from "../optimizers/index.ts";
import {
  type Clip,
  dense,
  type InitialWeights,
  initialWeights,
  type Layer,
  type Loss,
  type Model,
  type Optimizer,
  residual,
} from "./model.ts";
import {
  decay,
  fraction,
  type Option,
  option,
  positive,
  upToOne,
  type Written,
  wholeNotNegative,
  wholePositive,
} from "./options.ts";
import {
  constant,
  cosineDecay,
  exponentialDecay,
  reduceOnPlateau,
  type Schedule,
  stepDecay,
} from "./schedule.ts";

/** A part of a model as a config writes it: its name, such as `"relu"`, or its name with its options, `{ dense: 16 }`. */
export type WrittenPart = string | { readonly [name: string]: unknown; readonly type?: never };

/** A part of a model as its function makes it, such as `dense(16)`, or as a config writes it. */
export type ModelPart<Value> = Value | WrittenPart;

/** How one kind is written: its options, the one that may stand alone, and what it becomes. */
export interface Kind<Value> {
  /** What it is, in one line. */
  title: string;
  options: Readonly<Record<string, Option>>;
  alone?: string;
  needs?: readonly string[];
  // biome-ignore lint/suspicious/noExplicitAny: the options have been checked against `options`
  build: (options: any, path: string) => Value;
}

/** A function that makes the values of a kind, with what the kind says about how they are written. */
type Maker<Value> = { kind: Omit<Written<never>, "options" | "read"> } & {
  kind: { options: object; read?(options: unknown): Value };
} & ((options: never) => Value);

/** How the kinds of a table are written, by their names. */
function writtenKinds<Value>(makers: Record<string, Maker<Value>>): Record<string, Kind<Value>> {
  return Object.fromEntries(
    Object.entries(makers).map(([name, make]) => {
      const { title, options, alone, needs, read = make } = make.kind;
      return [name, { title, options, alone, needs, build: read } as Kind<Value>];
    }),
  );
}

const layers: Record<string, Kind<Layer>> = {
  ...writtenKinds<Layer>(layerKinds as never),
  residual: {
    title: "Layers whose output is added to their input",
    options: {
      layers: option("Layers of the block, which keep the shape", (value) =>
        Array.isArray(value) ? null : "a list of layers",
      ),
    },
    alone: "layers",
    needs: ["layers"],
    build: ({ layers: inner }, path) => residual(layersFromDescription(inner, path)),
  },
};
const losses = writtenKinds<Loss>(lossKinds as never);
const optimizers = writtenKinds<Optimizer>(optimizerKinds as never);

const clips: Record<string, Kind<Clip>> = {
  norm: {
    title: "Scale the whole gradient down to a largest norm",
    options: { maximum: option("Largest norm of the whole gradient", positive) },
    alone: "maximum",
    needs: ["maximum"],
    build: ({ maximum }) => ({ type: "norm", maximum }),
  },
  value: {
    title: "Limit each number of the gradient",
    options: { maximum: option("Largest size of each number", positive) },
    alone: "maximum",
    needs: ["maximum"],
    build: ({ maximum }) => ({ type: "value", maximum }),
  },
};

const warmUp = option("Updates in which the learning rate rises from 0 to its base", wholeNotNegative);
const factor = option("What the learning rate is multiplied by", decay);
const minimum = option("Smallest learning rate, as a fraction of its base", upToOne);
const schedules: Record<string, Kind<Schedule>> = {
  constant: {
    title: "The base learning rate throughout, but for a warm-up",
    options: { warmUp },
    build: constant,
  },
  step: {
    title: "Multiply the learning rate by a factor at intervals",
    options: {
      every: option("Updates from one multiplication to the next", wholePositive),
      factor,
      warmUp,
    },
    build: stepDecay,
  },
  exponential: {
    title: "Multiply the learning rate by a factor with every update",
    options: { factor, warmUp },
    alone: "factor",
    build: exponentialDecay,
  },
  cosine: {
    title: "Let the learning rate fall along half a cosine",
    options: {
      updates: option("Updates until the minimum; left out, the whole run of rivulet fit", (value) =>
        value === null ? null : wholePositive(value),
      ),
      minimum,
      warmUp,
    },
    alone: "updates",
    build: cosineDecay,
  },
  plateau: {
    title: "Multiply the learning rate by a factor when the loss stops falling",
    options: {
      window: option("Updates whose mean loss is compared", wholePositive),
      patience: option("Windows in a row without a better loss before the rate falls", wholePositive),
      factor,
      minimum,
      threshold: option("Fraction by which a loss must be below the best to be better", fraction),
      warmUp,
    },
    build: reduceOnPlateau,
  },
};

/** Every kind by the name that it has in a config, for each key of a model. */
export const kindsOfModel = {
  layers,
  loss: losses,
  optimizer: optimizers,
  clip: clips,
  schedule: schedules,
} as const satisfies Record<string, Record<string, Kind<unknown>>>;

function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Reads a `ModelPart`. `what`: what it is, for errors. */
function read<Value>(
  written: unknown,
  path: string,
  what: string,
  kinds: Record<string, Kind<Value>>,
): Value {
  const [name, given] = nameAndContent(written, path, what, kinds);
  const kind = kinds[name];
  const where = `${path}.${name}`;
  let content = given ?? {};
  if (!isMap(content)) {
    if (!kind.alone) throw keyError("config.bad-value", where, `${optionsOf(name, kind, content)}`);
    content = { [kind.alone]: content };
  }
  checkOptions(content as Record<string, unknown>, name, where, kind);
  return kind.build(content, where);
}

/** @throws RivuletError where it is neither a name of a kind, alone or before its options, nor a value of one */
function nameAndContent<Value>(
  written: unknown,
  path: string,
  what: string,
  kinds: Record<string, Kind<Value>>,
): [name: string, content: unknown] {
  const names = Object.keys(kinds);
  const found = nameIn(written);
  if (found === null) {
    throw keyError(
      "config.bad-value",
      path,
      `must be one ${what}, as a name or as "name: options", not ${shown(written)}; known are ${names.join(", ")}`,
    );
  }
  const [name] = found;
  if (!Object.hasOwn(kinds, name)) {
    throw keyError(
      "config.unknown-key",
      path,
      `names an unknown ${what} "${name}"; ${suggestion(name, names)}`,
    );
  }
  return found;
}

/** The name of a kind and what it is written with; null where there is none, or several. */
function nameIn(written: unknown): [name: string, content: unknown] | null {
  if (typeof written === "string") return [written, null];
  if (!isMap(written)) return null;
  const { type, ...options } = written;
  if (typeof type === "string") return [type, options];
  const entries = Object.entries(written);
  return entries.length === 1 ? entries[0] : null;
}

/** @throws RivuletError for an option that is unknown, has a wrong value, or is missing */
function checkOptions<Value>(
  content: Record<string, unknown>,
  name: string,
  where: string,
  { options, needs }: Kind<Value>,
): void {
  for (const [option, value] of Object.entries(content)) {
    if (!Object.hasOwn(options, option)) {
      const known = Object.keys(options);
      const hint = known.length > 0 ? suggestion(option, known) : `${name} has no options`;
      throw keyError("config.unknown-key", `${where}.${option}`, `is unknown; ${hint}`);
    }
    const fault = options[option](value);
    if (fault) {
      throw keyError("config.bad-value", `${where}.${option}`, `must be ${fault}, not ${shown(value)}`);
    }
  }
  const missing = needs?.find((option) => !Object.hasOwn(content, option));
  if (needs && missing) {
    throw keyError("config.missing-key", where, `has no ${missing}; write ${exampleOf(name, needs)}`);
  }
}

/** What to write instead of a value that stands where only options may stand, or nothing. */
function optionsOf<Value>(name: string, { options, needs }: Kind<Value>, value: unknown): string {
  const known = Object.keys(options);
  if (known.length === 0) return `takes no options, found ${shown(value)}; write ${name}`;
  const written = `must hold its options by name, found ${shown(value)}; `;
  if (needs) return `${written}write ${exampleOf(name, needs)}`;
  // A value that the first option can take was meant for it.
  if (options[known[0]](value) !== null) return `${written}known are ${known.join(", ")}`;
  return `${written}write { ${name}: { ${known[0]}: ${JSON.stringify(value)} } }`;
}

/** How the options are written that a kind cannot do without. */
function exampleOf(name: string, needs: readonly string[]): string {
  const options = needs.map((option) => `${option}: ${option === "layers" ? "[relu]" : 8}`);
  return `{ ${name}: { ${options.join(", ")} } }`;
}

/**
 * Reads a list of layers. `path` is its place in the config, for messages.
 * With `lastWidth`, a last `dense` without its width gets that many outputs.
 */
export function layersFromDescription(written: unknown, path: string, lastWidth?: number): Layer[] {
  if (!Array.isArray(written)) {
    throw keyError(
      "config.bad-value",
      path,
      `must be a list of layers, such as [{ dense: 16 }, relu, { dense: 3 }]`,
    );
  }
  return written.map((layer, index) => {
    const at = `${path}[${index}]`;
    const open = layer === "dense" || (isMap(layer) && "dense" in layer && layer["dense"] === null);
    if (!open) {
      const parsed = read(layer, at, "layer", layers);
      if (parsed.type === "dense" && parsed.outputs === undefined) {
        throw keyError(
          "config.missing-key",
          `${at}.dense`,
          `has no outputs; write { dense: { outputs: 16 } }`,
        );
      }
      return parsed;
    }
    if (lastWidth === undefined || index !== written.length - 1) {
      throw keyError("config.missing-key", at, `has no width; write { dense: 16 } for 16 outputs`);
    }
    return dense(lastWidth);
  });
}

/** The written form of layers; `layersFromDescription` reads it back. */
export const describeLayers = (given: readonly Layer[]): WrittenPart[] => given.map(written);

/** Reads a loss, such as `"mse"` or `{ huber: 0.5 }`. */
export function lossFromDescription(written: unknown, path: string): Loss {
  return read(written, path, "loss", losses);
}

/** Reads an optimizer, such as `"adam"` or `{ momentum: { learningRate: 0.1 } }`. */
export function optimizerFromDescription(written: unknown, path: string): Optimizer {
  return read(written, path, "optimizer", optimizers);
}

/** Names of what an optimizer keeps for each weight, by its description. */
export function optimizerStatesOf(written: unknown, path: string): string[] {
  const optimizer = optimizerFromDescription(written, path);
  return optimizerKindOf(optimizer).states(optimizer);
}

/** Reads a clip, `{ norm: 1 }` or `{ value: 0.5 }`; nothing written is no clip. */
export function clipFromDescription(written: unknown, path: string): Clip | null {
  return written === null || written === undefined ? null : read(written, path, "clip", clips);
}

/** Reads a schedule of the learning rate, such as `{ cosine: 1000 }`; nothing written is none. */
export function scheduleFromDescription(written: unknown, path: string): Schedule | null {
  return written === null || written === undefined ? null : read(written, path, "schedule", schedules);
}

/** Reads how initial weights are drawn, such as `"glorot"`; nothing written is `uniform`. */
export function initialWeightsFromDescription(written: unknown, path: string): InitialWeights {
  if (written === null || written === undefined) return "uniform";
  if ((initialWeights as readonly unknown[]).includes(written)) return written as InitialWeights;
  throw keyError(
    "config.bad-value",
    path,
    `must be one of ${initialWeights.join(", ")}, not ${shown(written)}`,
  );
}

/** The written form of a schedule; `scheduleFromDescription` reads it back. */
export function describeSchedule(schedule: Schedule): WrittenPart {
  return written(schedule);
}

/** A model in written form, with every option spelled out. */
export interface ModelDescription {
  inputShape: number[];
  layers: WrittenPart[];
  loss: WrittenPart;
  optimizer: WrittenPart;
  clip: WrittenPart | null;
  /** Only there where the model has one: so are checkpoints from before there were schedules. */
  schedule?: WrittenPart;
  /** Only there where it is not `uniform`: checkpoints from before there was a choice lack it. */
  initialWeights?: InitialWeights;
}

function written({ type, ...options }: { type: string }): WrittenPart {
  if ("layers" in options) return { [type]: (options.layers as Layer[]).map(written) };
  return Object.keys(options).length === 0 ? type : { [type]: options };
}

/** The written form of a model; `modelFromDescription` reads it back. */
export function describeModel(model: Model): ModelDescription {
  const { initialWeights = "uniform" } = model;
  return {
    inputShape: model.inputShape,
    layers: model.layers.map(written),
    loss: written(model.loss),
    optimizer: written(model.optimizer),
    clip: model.clip ? written(model.clip) : null,
    ...(model.schedule ? { schedule: describeSchedule(model.schedule) } : {}),
    ...(initialWeights === "uniform" ? {} : { initialWeights }),
  };
}

/** Reads a whole model. `path` is its place in the config, for messages. */
export function modelFromDescription(description: unknown, path = "model"): Model {
  if (!isMap(description)) throw keyError("config.bad-value", path, `must hold a model with its layers`);
  const known = ["inputShape", "layers", "loss", "optimizer", "clip", "schedule", "initialWeights"];
  for (const key of Object.keys(description)) {
    if (!known.includes(key))
      throw keyError("config.unknown-key", `${path}.${key}`, `is unknown; ${suggestion(key, known)}`);
  }
  const shape = description["inputShape"];
  if (!Array.isArray(shape) || shape.length === 0 || shape.some((length) => wholePositive(length))) {
    throw keyError(
      "config.bad-value",
      `${path}.inputShape`,
      `must be a list of whole numbers of 1 or more, such as [8]`,
    );
  }
  const schedule = scheduleFromDescription(description["schedule"], `${path}.schedule`);
  const initialWeights = initialWeightsFromDescription(
    description["initialWeights"],
    `${path}.initialWeights`,
  );
  return {
    inputShape: [...shape],
    layers: layersFromDescription(description["layers"], `${path}.layers`),
    loss: lossFromDescription(description["loss"], `${path}.loss`),
    optimizer: optimizerFromDescription(description["optimizer"], `${path}.optimizer`),
    clip: clipFromDescription(description["clip"], `${path}.clip`),
    ...(schedule ? { schedule } : {}),
    ...(initialWeights === "uniform" ? {} : { initialWeights }),
  };
}
