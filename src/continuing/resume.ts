/** Continues a learner from a checkpoint of the same config, or of one that was changed. */
import { dirname } from "node:path";
import type { Checkpoint } from "../checkpoint/format.ts";
import type { ModelDescription } from "../engine/model/description.ts";
import { CheckpointError, RivuletError } from "../errors/errors.ts";
import { Ensemble } from "../learner/ensemble.ts";
import type { EnsembleDescription } from "../learner/ensemble-plan.ts";
import { hasGuest } from "../learner/guest.ts";
import type { Learner, LearnerDescription } from "../learner/learner.ts";
import { NoLearner } from "../learner/no-learner.ts";
import { hasRoom } from "../learner/outside-model.ts";
import type { CommonDescription, PrequentialLearner } from "../learner/prequential-learner.ts";
import { hasNetworkBeside, ReplaceableNetwork } from "../learner/replaceable-network.ts";
import { adoptNames, haveMoved, namesIn } from "../learner/target.ts";
import { yamlText } from "../wording/yaml-text.ts";
import { firstDifference } from "./difference.ts";
import {
  type AnyDescription,
  descriptionIn,
  isEnsemble,
  isForecaster,
  learnerFrom,
  networkBesideIn,
  restoreInto,
  type StoredFeatures,
  storedNames,
} from "./learner-checkpoint.ts";
import { carryLearner } from "./migration/learner.ts";
import type { Carried } from "./migration/parts.ts";

function kindOf(model: object): string {
  if (isForecaster(model)) return "a forecaster";
  return isEnsemble(model) ? "the ensemble" : "a single network";
}

/**
 * Whether a checkpoint holds the learner of a description: as version 0.1.0 left that of a config without a model, which
 * was a single network.
 */
export function isOf(learner: PrequentialLearner, checkpoint: Checkpoint): boolean {
  return isDescribed(checkpoint) && differenceFrom(learner, descriptionIn(checkpoint)) === null;
}

const isDescribed = ({ features, target, training }: Checkpoint): boolean =>
  [features, target, training].every((part) => typeof part === "object" && part !== null);

/** How a learner continues from a checkpoint of another config. */
export interface ResumeOptions {
  /** What to do where fields, classes or widths differ. Default `refuse`. */
  onChange?: "refuse" | "migrate";
  /** The command that helps, in the sentence of a refusal. */
  advice?: string;
}

/** What was continued with differences, in one sentence each; none where the checkpoint is of the same config. */
export type Changes = string[];

/**
 * Continues `learner` from a checkpoint. Another learning rate, schedule, optimizer, clipping, batch size or width of
 * the interval is taken from the learner; what else differs is refused, or carried over by name.
 * @throws CheckpointError where the checkpoint is not one that can be continued, RivuletError naming what differs where
 *   it is of a learner that this one cannot go on from; nothing has changed then
 */
export function resume(
  learner: PrequentialLearner,
  checkpoint: Checkpoint,
  where: string,
  { onChange = "refuse", advice = helpOf(where) }: ResumeOptions = {},
): Changes {
  if (resumeWatching(learner, checkpoint, where)) return [];
  if (!isDescribed(checkpoint)) {
    throw new CheckpointError(
      "checkpoint.malformed",
      `${where} describes no learner; use another checkpoint`,
    );
  }
  const stored = descriptionIn(checkpoint);
  const names = storedNames(stored, where);
  const own = describedWith(learner, names);
  if (differenceFrom(learner, stored) === null) {
    restoreInto(learner, checkpoint, where);
    learner.adoptClassNames(names);
    return [...settingsChanged(own, stored), ...leftOut(learner, checkpoint, where)];
  }
  const difference = firstDifference(own, adapted(stored, own), "");
  if (difference !== null && onChange === "refuse") {
    const obstacle = obstacleTo(own, stored);
    throw mismatch(where, obstacle ?? difference, obstacle === null ? `${advice}, or ` : "");
  }
  const outcome = carryOver(learner, checkpoint, where);
  const settings = [...outcome.settings, ...leftOut(learner, checkpoint, where)];
  if (difference === null) return settings;
  return [...settings, `${where} was carried over to the changed config: ${carriedText(outcome)}`];
}

/** What is said of a model from outside that does not go on. */
function leftOut(learner: PrequentialLearner, { learnerState }: Checkpoint, where: string): Changes {
  if (hasNetworkBeside(learnerState) && !hasRoom(learner)) {
    return [
      `${where} holds two networks side by side, of which the older one is left out, because the config has no sync.models`,
    ];
  }
  if (!(learner instanceof Ensemble) || !hasGuest(learnerState) || learner.guest?.isAwake) return [];
  const why =
    learner.guest === null
      ? "the config has no sync.models"
      : "it was taken in by an ensemble with another config";
  return [`${where} holds a model from outside, which is left out, because ${why}`];
}

/** Continues what watches for the unusual without a target; false where there is one on both sides. */
function resumeWatching(learner: PrequentialLearner, checkpoint: Checkpoint, where: string): boolean {
  const isWatched = checkpoint.features !== null && checkpoint.target === null;
  const isWithout = learner instanceof NoLearner;
  if (!isWithout && !isWatched) return false;
  const has = (without: boolean) => (without ? "not there" : "there");
  if (isWithout !== isWatched) {
    throw mismatch(where, `target is ${has(isWithout)} in the config and ${has(isWatched)} in it`, "");
  }
  const { fields = [], transforms = [], stream = {} } = checkpoint.features as unknown as StoredFeatures;
  const own = learner.describe();
  const past = { features: own.features, stream: own.stream ?? {} };
  const difference =
    firstDifference(own.fields, fields, "fields") ??
    firstDifference(past, { features: transforms, stream }, "");
  if (difference !== null) throw mismatch(where, difference, "");
  learner.restore(checkpoint.learnerState);
  return true;
}

/** The learner's description, with the class names that a stored one has met. */
function describedWith(learner: PrequentialLearner, names: readonly string[]): AnyDescription {
  const own = learner.describe() as AnyDescription;
  adoptNames(own.target, names);
  return own;
}

const mismatch = (where: string, difference: string, advice: string) =>
  new RivuletError(
    "checkpoint.mismatch",
    `${where} was saved with a different configuration: ${difference}; ${advice}name another checkpoint.directory to start over, or put the config back`,
  );

/** What became of a checkpoint whose learner was carried over to another. */
export interface CarryOutcome extends Carried {
  /** Settings that are others now, in a sentence. */
  settings: Changes;
}

/**
 * Lets `learner`, which has not learned anything, go on from a checkpoint of another as far as names allow.
 * @throws RivuletError naming what prevents it, with nothing changed
 */
export function carryOver(learner: PrequentialLearner, checkpoint: Checkpoint, where: string): CarryOutcome {
  const before = learnerFrom(checkpoint, where);
  const stored = before.describe() as AnyDescription;
  const names = namesIn(stored.target).names ?? [];
  const own = describedWith(learner, names);
  const obstacle = obstacleTo(own, stored);
  if (obstacle !== null) throw mismatch(where, obstacle, "");
  learner.adoptClassNames(names);
  const beside = learner instanceof ReplaceableNetwork ? networkBesideIn(checkpoint, where) : null;
  const outcome = carryLearner(learner, before, beside);
  if (!isEnsemble(own.model)) applyRate(learner, own, stored);
  const fields = stored.fields.filter((name) => !own.fields.includes(name));
  return { ...outcome, removed: [...fields, ...outcome.removed], settings: settingsChanged(own, stored) };
}

const helpOf = (where: string) =>
  `rivulet migrate ${dirname(where)} --config CONFIG carries over what was learned`;

/** What was carried and what starts over, on one line. */
function carriedText({ carried, fresh, removed }: CarryOutcome): string {
  const list = (names: string[]) => (names.length === 0 ? "nothing" : names.join(", "));
  const without = removed.length === 0 ? "" : `; left out is ${removed.join(", ")}`;
  return `carried: ${list(carried)}; new: ${list(fresh)}${without}`;
}

/** Why nothing of a checkpoint can be of use to a learner, in words; null where something can. */
function obstacleTo(own: AnyDescription, stored: AnyDescription): string | null {
  if (kindOf(own.model) !== kindOf(stored.model)) {
    return `model is ${kindOf(own.model)} in the config and ${kindOf(stored.model)} in it`;
  }
  // What was learned of one horizon or column says little of another.
  if (isForecaster(own.model)) return firstDifference(own, stored, "");
  const column = firstDifference(own.target.column, stored.target.column, "target.column");
  if (column !== null) return column;
  const classesOf = ({ target }: AnyDescription) => ("classes" in target ? target.classes : null);
  const [classes, known] = [classesOf(own), classesOf(stored)];
  if ((classes === null) !== (known === null)) return firstDifference(classes, known, "target.classes");
  const obstacle = classes === null ? null : classesObstacle(own, stored);
  if (obstacle !== null) return obstacle;
  const { stream: ownStream = null } = own;
  const { stream: storedStream = null } = stored;
  const features =
    firstDifference(own.features, stored.features, "features") ??
    firstDifference(ownStream, storedStream, "the stream") ??
    derivedFieldsObstacle(own, stored);
  if (features !== null || isEnsemble(own.model)) return features;
  const lossOf = ({ model }: AnyDescription) => (model as ModelDescription).loss;
  const [loss, lossKnown] = [lossOf(own), lossOf(stored)];
  return firstDifference(loss, lossKnown, "model.loss");
}

/** Classes by their names, as far as they have some. */
interface Classes {
  names: readonly string[];
  count: number;
}

const classesIn = ({ target }: AnyDescription): Classes => ({
  names: namesIn(target).names ?? [],
  count: "classes" in target ? target.classes : 0,
});

/** Why classes are not found again, by their names or, without these, by their numbers; null where they are. */
function classesObstacle(own: AnyDescription, stored: AnyDescription): string | null {
  const [classes, known] = [classesIn(own), classesIn(stored)];
  const areNamed = classes.names.length > 0 && known.names.length > 0;
  const missing = known.names.filter((name) => !classes.names.slice(0, classes.count).includes(name));
  if (areNamed ? missing.length > 0 : classes.count < known.count) {
    const listed = ({ names, count }: Classes) =>
      names.length > 0 ? names.map(yamlText).join(", ") : String(count);
    const advice = areNamed
      ? `add ${missing.map(yamlText).join(", ")} to target.classes`
      : `write target.classes: ${known.count}, or more`;
    return `target.classes is ${listed(classes)} in the config and ${listed(known)} in it, and a class that it knows cannot be left out: ${advice}`;
  }
  return areNamed && haveMoved(classes.names, known.names) ? orderObstacle(own) : null;
}

/** Why classes cannot change their order: what was learned tells them apart by a number; null where nothing does. */
function orderObstacle({ features, model, target }: AnyDescription): string | null {
  if (JSON.stringify(features).includes(JSON.stringify(target.column))) {
    return `target.classes has another order, and features are made of the numbers of ${target.column}: write its classes in the order that they had`;
  }
  return !isEnsemble(model) && JSON.stringify(model).includes("binaryCrossEntropy")
    ? "target.classes has another order, and the loss binaryCrossEntropy knows one of the two by the sign of its output: write the classes in the order that they had"
    : null;
}

/** Transforms that leave every field in its place, so that what was learned of it can be found by its name. */
const inPlace = ["standardize", "clip"];

function derivedFieldsObstacle(own: AnyDescription, stored: AnyDescription): string | null {
  const name = own.features.map((each) => (typeof each === "string" ? each : Object.keys(each)[0]));
  const derived = name.find((each) => !inPlace.includes(each));
  const fields = firstDifference(own.fields, stored.fields, "fields");
  if (derived === undefined || fields === null) return null;
  return `${fields}, and what ${derived} makes of fields is not carried over by name`;
}

/** A stored description with the settings of the learner that may change from run to run. */
function adapted(stored: AnyDescription, own: AnyDescription): AnyDescription {
  if (kindOf(own.model) !== kindOf(stored.model) || isForecaster(own.model)) return stored;
  const { deterministic } = own.training;
  if (isEnsemble(stored.model) && isEnsemble(own.model)) {
    const { coverage } = own.model.ensemble;
    return {
      ...stored,
      model: { ensemble: { ...stored.model.ensemble, coverage } },
      training: { ...stored.training, deterministic },
    } as AnyDescription;
  }
  const { optimizer, clip, schedule } = own.model as ModelDescription;
  const { schedule: _, ...model } = stored.model as ModelDescription;
  const { batchSize } = own.training as LearnerDescription["training"];
  return {
    ...stored,
    model: { ...model, optimizer, clip, ...(schedule === undefined ? {} : { schedule }) },
    training: { ...stored.training, batchSize, deterministic },
  } as AnyDescription;
}

/** What of the settings differs that may, as one sentence. */
function settingsChanged(own: AnyDescription, stored: AnyDescription): Changes {
  const model = (described: AnyDescription) =>
    described.model as ModelDescription & EnsembleDescription["model"];
  const settings: [string, (described: AnyDescription) => unknown][] = [
    ["model.optimizer", (described) => model(described).optimizer ?? null],
    ["model.schedule", (described) => model(described).schedule ?? null],
    ["model.clip", (described) => model(described).clip ?? null],
    ["training.batchSize", ({ training }) => ("batchSize" in training ? training.batchSize : null)],
    ["training.deterministic", ({ training }) => training.deterministic],
    ["the interval's coverage", (described) => model(described).ensemble?.coverage ?? null],
  ];
  const found = settings.flatMap(
    ([path, settingIn]) => firstDifference(settingIn(own), settingIn(stored), path) ?? [],
  );
  return found.length === 0
    ? []
    : [`the settings have changed, and what was learned continues with them: ${found.join(", ")}`];
}

/** A rate that the config changes holds from now on; one that a schedule or a recovery has changed stays. */
function applyRate(learner: PrequentialLearner, own: AnyDescription, stored: AnyDescription): void {
  const settingOf = (described: AnyDescription) => [
    (described.model as ModelDescription).optimizer,
    (described.model as ModelDescription).schedule ?? null,
  ];
  if (firstDifference(settingOf(own), settingOf(stored), "") === null) return;
  const networks = learner instanceof ReplaceableNetwork ? learner.networks : [(learner as Learner).network];
  for (const network of networks) network.learningRate = network.model.optimizer.learningRate;
}

/** The first difference between a learner, with the class names that the stored one has met, and the stored one. */
function differenceFrom(learner: PrequentialLearner, stored: AnyDescription): string | null {
  const own = learner.describe();
  const { names } = namesIn(stored.target);
  if (Array.isArray(names)) adoptNames(own.target, names);
  if (kindOf(own.model) === kindOf(stored.model)) {
    return firstDifference(whatWasLearned(own), whatWasLearned(stored), "");
  }
  return `model is ${kindOf(own.model)} in the config and ${kindOf(stored.model)} in it`;
}

/** Which class is named, and which kernels compute, changes nothing of what was learned. */
const whatWasLearned = ({
  training: { balance, deterministic, ...training },
  ...rest
}: CommonDescription) => ({
  ...rest,
  training,
});
