/** The schema of a config: every key, with its meaning, what it may hold and its default. */
import * as v from "valibot";
import type { WrittenPart } from "../engine/model/description.ts";
import { initialWeights } from "../engine/model/model.ts";
import { mostShards, mostThreads } from "../engine/planning/shards.ts";
import { mostClasses } from "../learner/target.ts";
import { parseSize } from "../wording/quantities.ts";
import { anomalySchema } from "./anomaly-config.ts";
import { checkpointSchema, nameSchema } from "./checkpoint-config.ts";
import { featuresSchema, sequenceSchema } from "./features-config.ts";
import { forecastKeys } from "./forecast-config.ts";
import { gpioSchema } from "./gpio-config.ts";
import { labelsSchema } from "./labels-config.ts";
import { mqttSchema } from "./mqtt-config.ts";
import { predictionsSchema } from "./predictions-config.ts";
import {
  accepting,
  defaultsOf,
  flag,
  list,
  map,
  must,
  oneOf,
  optional,
  quantity,
  required,
  text,
  wholeNumber,
} from "./schema.ts";
import { sourceSchema } from "./source-schema.ts";
import { statusSchema } from "./status-config.ts";
import { syncSchema } from "./sync-schema.ts";

/** A value that another part checks, which knows it: layers, optimizers. */
const part = <Part = WrittenPart>(expectation: string) =>
  accepting(expectation, v.unknown() as unknown as v.GenericSchema<Part>);

const none = { otherwise: "none" };
const chosen = { otherwise: "chosen for the target, see the default model" };

const className = v.pipe(
  v.union([v.string(), v.number(), v.boolean()], must("a class, a word or a number")),
  v.transform(String),
  v.nonEmpty(must("a class, a word or a number")),
);
const classesText = `a whole number from 2 to ${mostClasses}, a list such as [idle, run, fault], or { max: 8 }`;
const mostClassesMap = map({
  max: required(
    "The most classes there may be",
    wholeNumber(2, mostClasses),
    "max: how many classes there may be",
  ),
});
/** Classes as written: their number, their names, or the most there may be. */
const classesSchema = accepting(
  classesText,
  v.lazy((value): v.GenericSchema<unknown, number | string[] | { max: number }> => {
    if (Array.isArray(value)) {
      const isLong = v.pipe(
        v.array(className),
        v.minLength(2, must(classesText)),
        v.maxLength(mostClasses, must(classesText)),
      );
      return v.pipe(
        isLong,
        v.check((names) => new Set(names).size === names.length, must("a list of classes that differ")),
      );
    }
    return typeof value === "object" && value !== null ? mostClassesMap : wholeNumber(2, mostClasses);
  }),
);

const targetSchema = map({
  column: optional("Column to predict", text("a column's name"), {
    otherwise: "forecast names one",
  }),
  ...forecastKeys,
  classes: optional(
    "Classes that the column holds: how many, counted from 0; or what they are called, words or numbers; or how many there may be, of those that come",
    classesSchema,
    { otherwise: "the column is a number to predict" },
  ),
  standardize: optional(
    "Standardize the target: train on its distance from the running mean, in standard deviations",
    flag,
    { default: true },
  ),
});

const modelSchema = map({
  ensemble: optional(
    "Let the ensemble learn, with layers and inputShape in the place of its replayed network",
    flag,
    { default: false },
  ),
  inputShape: optional(
    "Shape of the features of a sample, channels first",
    part<readonly number[]>("a list of whole numbers of 1 or more, such as [1, 8, 8]"),
    { otherwise: "one axis of all features" },
  ),
  layers: optional(
    "Layers in order; the last one may be written without its width, or left out",
    list(part("a layer"), "a list of layers such as [{dense: 16}, relu, dense]", {
      minimum: 1,
      maximum: 256,
      tooShort: "a list of at least one layer",
    }),
    chosen,
  ),
  optimizer: optional("Optimizer: the rule that updates the weights", part("an optimizer"), chosen),
  loss: optional("Loss that training minimizes", part("a loss"), chosen),
  clip: optional("Limit of the gradient before each update", part("a clip"), none),
  schedule: optional("Schedule of the learning rate, counted in updates", part("a schedule"), {
    otherwise: "it stays as it is",
  }),
  initialWeights: optional(
    "How the initial weights are drawn: uniform within 1 / sqrt(inputs of a unit), He's scheme, Glorot's, or one of these two by the activation (scaled)",
    oneOf(initialWeights),
    { default: "uniform" },
  ),
});

const replaySchema = map({
  balance: optional(
    "Forget the oldest row of the most frequent class, for classes that stay away for long; none forgets the oldest row",
    oneOf(["none", "classes"]),
    { default: "none" },
  ),
});

const trainingSchema = map({
  effort: optional(
    "How much processor time a sample may cost the ensemble; auto begins at high and steps down where the daemon falls behind; a single network ignores it",
    oneOf(["low", "normal", "high", "auto"]),
    { default: "auto" },
  ),
  balance: optional(
    "Name the class that is most probable beside how often it comes, so that rare ones are found; probabilities stay as they are",
    flag,
    { default: false },
  ),
  replay: optional("Which rows the ensemble keeps to learn from them again", replaySchema, {
    otherwise: "the latest",
  }),
  batchSize: optional("Samples per update of a single network", wholeNumber(1, 2 ** 20), { default: 1 }),
  seed: optional("Seed of the initial weights and of all random numbers", wholeNumber(0, 2 ** 32 - 1), {
    default: 1,
  }),
  deterministic: optional("Compute identical bits on every processor, at some cost in speed", flag, {
    otherwise: "true for the ensemble, false for a single network",
  }),
  workers: optional(
    "Number of threads of rivulet fit, including the main thread",
    wholeNumber(1, mostThreads),
    {
      otherwise: "the calling thread alone, and the batch is not cut",
    },
  ),
  shards: optional(
    "Number of shards into which rivulet fit splits a batch, one thread for each",
    wholeNumber(1, mostShards),
    {
      otherwise: "4 with workers, else 1",
    },
  ),
});

const memorySchema = map({
  budget: optional(
    "Memory budget of the learner",
    quantity("a size with its unit such as 8MiB or 512KiB", parseSize),
    { otherwise: "no limit" },
  ),
  recompute: optional("Recompute activations in the backward pass instead of storing them", flag, {
    default: false,
  }),
  batch: optional(
    "Samples per forward and backward pass; gradients accumulate until training.batchSize is reached",
    wholeNumber(1, 2 ** 20),
    { otherwise: "training.batchSize" },
  ),
});

const timeZoneText = "the name of a time zone such as Europe/Vienna or UTC";
const timeZone = accepting(
  timeZoneText,
  v.pipe(
    v.string(must(timeZoneText)),
    v.check((name) => zoneExists(name), must(timeZoneText)),
  ),
);

function zoneExists(name: string): boolean {
  try {
    new Intl.DateTimeFormat("en", { timeZone: name });
    return true;
  } catch {
    return false;
  }
}

export const configSchema = map({
  name: nameSchema,
  source: optional("Where samples come from, and their columns", sourceSchema, {
    otherwise: "a data file named on the command line",
  }),
  target: optional("What to predict", targetSchema, {
    otherwise: "nothing, where anomaly says what to watch",
  }),
  anomaly: optional(
    "Learns what is normal without any target, and reports what is not, with a limit on the alarms",
    anomalySchema,
    { otherwise: "not watched" },
  ),
  timeZone: optional("Time zone of hours and days, of samples and of files", timeZone, {
    otherwise: "that of the system",
  }),
  features: optional(
    "Transforms of the columns that are learned from, in order; auto: by source.rate and the columns",
    featuresSchema,
    { default: ["standardize"] },
  ),
  sequence: optional(
    "Where one sequence of samples ends and the next begins: windows, lags and differences are reset there",
    sequenceSchema,
    { otherwise: "all samples are one sequence" },
  ),
  model: optional(
    "A single network that replaces the ensemble, or layers for its replayed network",
    modelSchema,
    {
      otherwise: "the ensemble learns; rivulet fit and compare train the default network",
    },
  ),
  training: optional("How the learner is trained", trainingSchema, { otherwise: "the defaults of its keys" }),
  memory: optional("How much memory the learner may use", memorySchema, {
    otherwise: "the defaults of its keys",
  }),
  checkpoint: optional("Where the state is saved, and how often", checkpointSchema, {
    otherwise: "the defaults of its keys",
  }),
  labels: optional("Labels that come after their samples: from buttons, programs or people", labelsSchema, {
    otherwise: "samples wait for labels where there are buttons for them, or a status server that takes them",
  }),
  gpio: optional("What is connected to the pins of the board", gpioSchema, { otherwise: "no pin is used" }),
  status: optional("Status page, metrics and commands over HTTP", statusSchema, { otherwise: "not served" }),
  sync: optional("Host that checkpoints are sent to", syncSchema, { otherwise: "nothing is sent" }),
  predictions: optional("Where predictions go besides the device", predictionsSchema, {
    otherwise: "to the device alone, where source.reply asks for it",
  }),
  mqtt: optional("Broker to which rivulet mqtt carries predictions", mqttSchema, { otherwise: "none" }),
});

/** Every default that is a single value. The learner chooses the parts of the network, and the source has its own. */
export const defaults = {
  ...defaultsOf(configSchema),
  target: defaultsOf(targetSchema),
  model: defaultsOf(modelSchema),
  training: defaultsOf(trainingSchema),
  memory: defaultsOf(memorySchema),
  checkpoint: defaultsOf(checkpointSchema),
} as const;
