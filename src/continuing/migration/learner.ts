/** Carries what a learner has learned over to one with other fields, classes or widths. */
import type { StateMap } from "../../checkpoint/stored-state.ts";
import { Ensemble } from "../../learner/ensemble.ts";
import type { LearnerDescription } from "../../learner/learner.ts";
import type { PrequentialLearner } from "../../learner/prequential-learner.ts";
import { className, classNamesOf } from "../../learner/target.ts";
import type { TrainingBatchState } from "../../learner/training-batch.ts";
import type { State } from "../../state.ts";
import type { AnyDescription, NetworkBeside } from "../learner-checkpoint.ts";
import { differenceBetween, publishedDescription } from "../model-file.ts";
import { numbered } from "./labelled-cells.ts";
import { type Carried, carryExpert, isAlike, type Names, PartCarrier } from "./parts.ts";

/**
 * Lets `learner`, which has not learned anything, go on from another as far as names allow; says what was carried.
 * @param beside what there was of a network beside that of `before`, for a learner with room for one
 */
export function carryLearner(
  learner: PrequentialLearner,
  before: PrequentialLearner,
  beside: NetworkBeside | null = null,
): Carried {
  const carrier = carrierBetween(before, learner);
  const [old, fresh] = [before.state() as StateMap, structuredClone(learner.state()) as StateMap];
  const state =
    learner instanceof Ensemble
      ? {
          ...ensembleState(carrier, old, fresh),
          guest: fitsGuest(learner, before) ? (old["guest"] ?? null) : null,
        }
      : {
          ...(networkState(carrier, old, fresh, batchSizeOf(learner)) as StateMap),
          ...besideState(learner, beside, fresh),
        };
  learner.restore(state);
  const { from, to, outcome } = carrier;
  const addedTo = (known: readonly string[], wanted: readonly string[]) =>
    wanted.filter((name) => !known.includes(name));
  const fields = addedTo(from.features, to.features).map((name) => `field ${name}`);
  return { ...outcome, fresh: [...fields, ...addedTo(from.classes, to.classes), ...outcome.fresh] };
}

function carrierBetween(before: PrequentialLearner, learner: PrequentialLearner): PartCarrier {
  // Classes that are numbers on one side stay in their order, and are called as on the other.
  const [known, own] = [before, learner].map((each) => classNamesOf(each)?.slice() ?? null);
  return new PartCarrier(namesOf(before, known ?? own ?? []), namesOf(learner, own ?? known ?? []));
}

function namesOf(learner: PrequentialLearner, classNames: readonly string[]): Names {
  const { fields, target } = learner.describe();
  return {
    features: fields.filter((name) => name !== target.column),
    classes: Array.from({ length: learner.classes }, (_, label) => `class ${className(classNames, label)}`),
    experts: learner instanceof Ensemble ? (learner as Ensemble).namesInUse : [],
  };
}

/** Samples of one update of a single network. */
const batchSizeOf = (learner: PrequentialLearner) =>
  (learner.describe() as unknown as LearnerDescription).training.batchSize;

function networkState(carrier: PartCarrier, old: StateMap, fresh: StateMap, batchSize: number): State {
  const { state: network, isCarried } = carrier.network(old["network"], fresh["network"], ({ features }) => [
    features,
  ]);
  carrier.note("the network", isCarried);
  carrier.note("statistics of the fields", true);
  carrier.note("scores", true);
  const statistics = old["features"] as State[];
  return {
    ...old,
    network,
    features: (fresh["features"] as State[]).map((part, index) =>
      columnPart(carrier, statistics[index], part),
    ),
    metrics: carrier.metrics(old["metrics"], fresh["metrics"]),
    glitches: carrier.glitches(old["glitches"], fresh["glitches"]),
    batch: batchState(carrier, old, fresh["batch"], batchSize),
  };
}

/** Samples that wait for their batch go on waiting where they have the same inputs, each with its class by name. */
function batchState(carrier: PartCarrier, old: StateMap, fresh: State, batchSize: number): State {
  const batch = old["batch"] as unknown as TrainingBatchState;
  const { accumulated } = old["network"] as unknown as { accumulated: number };
  const { from, to } = carrier;
  const isCarried = from.features.join() === to.features.join() && batch.rows < batchSize;
  // Of samples that have become part of a gradient nothing else is left, and that is not carried over.
  const waiting = batch.rows + accumulated;
  if (waiting > 0) carrier.note("samples that wait for their batch", isCarried && accumulated === 0);
  if (!isCarried) return fresh;
  const targets = to.classes.length > 0 ? carrier.classNumbers(batch.targets) : batch.targets;
  return { ...batch, targets };
}

/** The network beside is carried over as the one in use is, of which the report speaks. */
function besideState(learner: PrequentialLearner, known: NetworkBeside | null, fresh: StateMap): StateMap {
  if (known === null) return {};
  const { outside, learner: before } = known;
  if (before === null) return { outside };
  const carrier = carrierBetween(before, learner);
  return {
    outside,
    beside: networkState(carrier, before.state() as unknown as StateMap, fresh, batchSizeOf(learner)),
  };
}

const isStatistic = (state: State) => typeof state === "object" && state !== null && "moments" in state;

/** A transform that has a statistic of each column, or nothing. */
function columnPart(carrier: PartCarrier, before: State, fresh: State): State {
  return isStatistic(fresh) && before !== null
    ? carrier.statistic(before, fresh)
    : carrier.like(before, fresh);
}

/** Places of the parts of an ensemble, as its state lists them. */
const at = {
  statistic: 0,
  recent: 1,
  committee: 2,
  metrics: 3,
  interval: 4,
  calibration: 5,
  baselines: 6,
} as const;

/** Parts that are carried over only where the experts are the same. */
const partsOfSameExperts: number[] = [at.interval, at.calibration, at.baselines];

/** Where the simple rules keep the number of the last class. */
const lastLabelAt = 3;

function baselinesState(carrier: PartCarrier, before: StateMap): State {
  if (carrier.to.classes.length === 0) return before;
  const block = (before["block"] as Float64Array).slice();
  block[lastLabelAt] = carrier.classNumbers(block.subarray(lastLabelAt))[0];
  return { ...before, block };
}

/** The newest row whose label is known, and that label, where the classes have a last one. */
function lastLabelState(carrier: PartCarrier, part: State): State {
  if (typeof part !== "object" || part === null || !("known" in part) || !("gains" in part)) return part;
  const [row, label] = part["known"] as Float64Array;
  const [moved] = carrier.classNumbers(Float64Array.of(label));
  return { ...part, known: Float64Array.of(row, moved) };
}

/** A model from outside goes on where it could have been added as a new one. */
function fitsGuest(learner: PrequentialLearner, before: PrequentialLearner): boolean {
  const [own, known] = [learner, before].map((each) =>
    publishedDescription(each.describe() as AnyDescription),
  );
  return differenceBetween(own, known) === null;
}

function ensembleState(carrier: PartCarrier, old: StateMap, fresh: StateMap): StateMap {
  const [before, made] = [old["parts"], fresh["parts"]] as State[][];
  const isSameTeam = carrier.from.experts.join() === carrier.to.experts.join();
  const parts = made.map((part, index) => {
    if (index === at.statistic) return carrier.statistic(before[index], part);
    if (index === at.recent)
      return carrier.numbers(before[index], part, ({ features }) => [numbered(3), features]);
    if (index === at.committee) return committeeState(carrier, before[index] as StateMap, part as StateMap);
    if (index === at.metrics) return isSameTeam ? carrier.metrics(before[index], part) : part;
    if (index === at.baselines && isSameTeam) return baselinesState(carrier, before[index] as StateMap);
    if (partsOfSameExperts.includes(index)) return isSameTeam ? before[index] : part;
    if (index === made.length - 1) return carrier.glitches(before[index], part);
    const known = before[index];
    // A pipeline, where the config names transforms.
    if (Array.isArray(part) && Array.isArray(known) && known.length === part.length) {
      return part.map((transform, link) => columnPart(carrier, known[link], transform));
    }
    return carrier.like(known ?? null, part);
  });
  carrier.note("statistics of the fields", true);
  carrier.note("scores", isSameTeam);
  return { ...old, parts, effort: fresh["effort"], shift: isSameTeam ? old["shift"] : fresh["shift"] };
}

/**
 * The names of the parts that are experts, in the order of their states: those that replay rows come last, also where
 * their neighbours alone answer.
 */
function expertParts(parts: readonly State[], { experts, features, classes }: Names): string[] {
  const others = experts.filter((name) => !name.startsWith("replayed"));
  const replayed = parts.slice(others.length).flatMap((part) => {
    if (typeof part !== "object" || part === null || !("ring" in part)) return [];
    if (classes.length > 0) return ["replayed-network"];
    const { squares } = (part as unknown as { metric: { squares: Float32Array } }).metric;
    return [squares.length === features.length ? "replayed-level" : "replayed-change"];
  });
  return [...others, ...replayed];
}

function committeeState(carrier: PartCarrier, old: StateMap, fresh: StateMap): State {
  const [before, made] = [old["parts"], fresh["parts"]] as State[][];
  const [known, wanted] = [expertParts(before, carrier.from), expertParts(made, carrier.to)];
  const isSameTeam = carrier.from.experts.join() === carrier.to.experts.join();
  const shift = before.length - made.length;
  const parts = made.map((part, index) => {
    if (index < wanted.length) {
      const source = known.indexOf(wanted[index]);
      if (source >= 0) return carryExpert(carrier, wanted[index], before[source], part);
      carrier.note(wanted[index], false);
      return part;
    }
    if (isStatistic(part)) return carrier.statistic(before[index + shift], part, () => ["the target"]);
    // What joins the experts, and what watches them.
    const isKept = isSameTeam && isAlike(before[index + shift], part);
    return isKept ? lastLabelState(carrier, before[index + shift]) : part;
  });
  carrier.note("weights of the experts", isSameTeam);
  return {
    ...fresh,
    ...old,
    parts,
    ...("labels" in fresh
      ? { labels: carrier.numbers(old["labels"], fresh["labels"], ({ classes }) => [classes]) }
      : {}),
    ...("previous" in fresh
      ? { previous: carrier.numbers(old["previous"], fresh["previous"], ({ features }) => [features]) }
      : {}),
  };
}
