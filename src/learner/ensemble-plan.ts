/** What makes an ensemble, and what it takes in memory before anything is allocated. */
import { describeLayers, type WrittenPart } from "../engine/model/description.ts";
import {
  type ArenaOptions,
  bytesOf,
  float64,
  lastingSpace,
  scratchBytesFor,
  spaceOfAll,
} from "../engine/running/arena.ts";
import { RivuletError } from "../errors/errors.ts";
import type { PlannedFeatures, StreamDescription } from "../features/extraction.ts";
import type { TransformDescription } from "../features/feature-list.ts";
import { createPipeline, type Pipeline } from "../features/pipeline.ts";
import { statisticBytes, tentativeStatisticBytes } from "./arena-statistic.ts";
import { classExperts, classHeldSizes, planClassCommittee } from "./class-committee.ts";
import type { CommitteeOptions, OwnExpert, PlannedPart, SharingPart } from "./committee.ts";
import type { Effort } from "./effort.ts";
import { constantBaselines } from "./ensemble-report.ts";
import { Guest, guestHeldSizes, guestName } from "./guest.ts";
import type { HeldSizes } from "./held-samples.ts";
import { learnerFeatures } from "./learner-features.ts";
import { type ModelParts, modelFor } from "./model.ts";
import { numberExperts, numberHeldSizes, planNumberCommittee } from "./number-committee.ts";
import { RecentDeviation } from "./recent-deviation.ts";
import { requireTarget, type TargetDescription } from "./target.ts";

/**
 * Which row a full replay ring forgets: the oldest, or the oldest of the most frequent class, for classes that stay away
 * for long. Then an alarm of drift forgets no rows either, so it takes longer to follow labels that change their meaning.
 */
export type Eviction = "oldest" | "classes";

export interface EnsembleOptions {
  /** Names of the columns of a sample, in order; all but the target are features. */
  fields: readonly string[];
  target: { column: string; classes: number; names?: string[] } | { column: string };
  /**
   * Transforms ahead of the ensemble, in order, as a network has them. Default `["standardize"]`, which the ensemble does
   * in a way of its own.
   */
  features?: unknown;
  /** What is known of the rows in time, for transforms that need the past. */
  stream?: StreamDescription;
  /** How much a sample may cost. Default `high`. */
  effort?: Effort;
  /**
   * The class that is named is the one most probable beside how often it comes, so that a rare one is found. Probabilities
   * stay as they are. Default false: the most probable.
   */
  balance?: boolean;
  /** Which row a full replay ring forgets. Default `oldest`. */
  eviction?: Eviction;
  /** Of initial weights and replayed rows. Default 1. */
  seed?: number;
  /** Experts to leave out, by name or by its beginning, to see what each is worth. */
  without?: readonly string[];
  /**
   * Experts of your own beside the others: they see the standardized features of a row, held within 4 [features], and
   * answer with probabilities [classes], or with a number in the target's units. Each needs a name that no other expert has.
   */
  experts?: readonly OwnExpert[];
  /** Share of targets that the interval of a number is to hold. Default 0.9. */
  coverage?: number;
  /**
   * Layers of the replayed network, such as those that `chooseNetwork` chose; the last one may be left out. A number has
   * them in the network of its level. Default: a layer of 64 for classes, two of 32 for a number.
   */
  layers?: ModelParts["layers"];
  /** Shape in which that network sees the features, such as [1, 8, 8] for convolutions. Default: one axis of all. */
  inputShape?: ModelParts["inputShape"];
  /** Plan room for a model that another device has learned: see `takeIn`. Default false. */
  guest?: boolean;
  /** Kernels; deterministic unless said otherwise. */
  arena?: ArenaOptions;
  /** Refuse an ensemble that is planned larger than this. */
  budgetBytes?: number;
}

/** Everything that makes an ensemble what it is, all defaults written out. */
export type EnsembleDescription = {
  fields: string[];
  target: TargetDescription;
  features: TransformDescription[];
  /** Only there where features need the past. */
  stream?: StreamDescription;
  model: {
    ensemble: {
      effort: Effort;
      without: string[];
      coverage: number;
      /** Only there where they are not the usual ones. */
      layers?: WrittenPart[];
      inputShape?: number[];
      eviction?: Eviction;
      /** Names of the user's own experts, in order. */
      own?: string[];
    };
  };
  training: { seed: number; deterministic: boolean; balance?: boolean };
};

/**
 * A name decides which experts are made, asked and shown as simple rules: those of the ensemble are taken, in use or not.
 * @throws RivuletError where another expert has the name of one of the user's
 */
function requireOwnNames(own: readonly OwnExpert[]): void {
  const taken = new Set([...classExperts, ...numberExperts, ...Object.keys(constantBaselines)]);
  for (const { name } of own) {
    if (taken.has(name)) {
      throw new RivuletError(
        "argument.bad-value",
        `found "${name}" as the name of an expert of your own, expected one that no other expert has; rename it`,
      );
    }
    taken.add(name);
  }
}

/** What the experts need to know, once the target is found to fit the fields. */
function committeeOptions({
  fields,
  target,
  effort = "high",
  seed = 1,
  without = [],
  experts: own = [],
  layers,
  inputShape,
  eviction,
  balance = false,
}: EnsembleOptions): CommitteeOptions {
  const whole = "classes" in target ? target : { ...target, standardize: true };
  requireTarget(whole, fields);
  requireOwnNames(own);
  const features = fields.length - 1;
  if (features === 0) {
    throw new RivuletError(
      "argument.bad-value",
      `found only the target "${target.column}" in a sample, expected features; name at least one other column`,
    );
  }
  const classes = "classes" in target ? target.classes : 0;
  if (classes === 0 && (balance || eviction === "classes")) {
    throw new RivuletError(
      "argument.bad-value",
      `found classes to balance where the target "${target.column}" is a number, expected a target with classes; leave balance and eviction out`,
    );
  }
  return {
    features,
    classes,
    balancesReplay: eviction === "classes",
    effort,
    seed,
    without,
    network: layers == null ? null : modelFor(whole, { layers, inputShape }, features),
    own,
  };
}

/** What the experts are, for a description: what is not the usual has a key only then. */
export function describedModel(committee: CommitteeOptions, coverage: number): EnsembleDescription["model"] {
  const { effort, without, balancesReplay, own } = committee;
  const network = describedNetwork(committee);
  return {
    ensemble: {
      ...{ effort, without: [...without], coverage, ...network },
      ...(balancesReplay ? { eviction: "classes" as const } : {}),
      ...(own.length > 0 ? { own: own.map(({ name }) => name) } : {}),
    },
  };
}

/** The layers that replace the replayed network, without the output layer, whose width follows from the target. */
function describedNetwork({ network }: CommitteeOptions): {
  layers?: WrittenPart[];
  inputShape?: number[];
} {
  if (network === null) return {};
  const hasAnswer = network.layers.at(-1)?.type === "dense";
  const layers = describeLayers(hasAnswer ? network.layers.slice(0, -1) : network.layers);
  return network.inputShape.length > 1 ? { layers, inputShape: network.inputShape } : { layers };
}

/** The transforms of single rows ahead of the ensemble; null where there are none but those it does itself. */
export function pipelineFor({ transforms, columns }: PlannedFeatures): Pipeline | null {
  const pipeline = createPipeline(transforms, columns.length - 1);
  const isOwn = pipeline.description.every((transform) => transform === "standardize");
  return isOwn ? null : pipeline;
}

export const rowBlocks = (features: number) => ({ values: float64(features) });

/** Of a held sample: whether a target was known when it was predicted, and the class or the number that was predicted. */
export const ownDoubles = 2;

/** Features and committee of an ensemble, planned. */
export function ensembleParts(options: EnsembleOptions): {
  features: PlannedFeatures;
  committee: CommitteeOptions;
} {
  const features = learnerFeatures(options);
  return { features, committee: committeeOptions({ ...options, fields: features.columns }) };
}

/** What the part of the arena is called that the others use in turn, while they predict or learn. */
export const scratchName = "scratch";

/** The plan of an ensemble: bytes of each part and in all, and what is kept of a sample that waits for its label. */
export interface EnsemblePlan {
  parts: PlannedPart[];
  totalBytes: number;
  /** Bytes of the part that the others use in turn. */
  scratchBytes: number;
  held: HeldSizes;
  /** Where in what is kept the numbers of a guest begin. */
  guestAt: HeldSizes;
}

/**
 * Plans an ensemble before anything is allocated.
 * @throws RivuletError where the target or the features do not fit the fields
 */
export function planEnsemble(options: EnsembleOptions): EnsemblePlan {
  const { features: planned, committee } = ensembleParts(options);
  const { features, classes } = committee;
  const columns = { columns: features };
  const own = bytesOf(rowBlocks(features)) + statisticBytes(features) + RecentDeviation.bytes(columns);
  const tentativeOfOwn = tentativeStatisticBytes(features) + RecentDeviation.tentativeBytes(columns);
  // What is tentative is kept beside the scratch of a prediction.
  const sharing: (SharingPart & { tentative?: number })[] = [
    { name: "features", ...lastingSpace(own), tentative: tentativeOfOwn },
    ...(classes > 0 ? planClassCommittee(committee) : planNumberCommittee(committee)),
    ...(options.guest
      ? [{ name: guestName, ...Guest.space(committee), tentative: Guest.tentativeBytes(committee) }]
      : []),
  ];
  const tentativeOfAll = sharing.reduce((sum, { tentative = 0 }) => sum + tentative, 0);
  const scratchBytes = scratchBytesFor(spaceOfAll(sharing).scratch, tentativeOfAll);
  const parts: PlannedPart[] = [
    ...planned.parts,
    ...sharing.map(({ name, bytes, scratch, tentative = 0 }) => {
      const used = scratch.bytes + tentative;
      return { name, bytes, ...(used > 0 ? { scratchBytes: used } : {}) };
    }),
    { name: scratchName, bytes: scratchBytes },
  ];
  const { singles, doubles } = classes > 0 ? classHeldSizes(committee) : numberHeldSizes(committee);
  const guestAt = { singles: singles + classes, doubles: doubles + ownDoubles };
  const guest = guestHeldSizes(committee);
  const heldOfGuest = options.guest ? guest : { singles: 0, doubles: 0 };
  return {
    parts,
    totalBytes: parts.reduce((sum, { bytes }) => sum + bytes, 0),
    scratchBytes,
    held: {
      singles: guestAt.singles + heldOfGuest.singles,
      doubles: guestAt.doubles + heldOfGuest.doubles,
      guest,
    },
    guestAt,
  };
}

/**
 * Checks the planned parts of an ensemble against a memory budget.
 * @throws RivuletError where the parts need more, naming the three largest
 */
export function requireEnsembleBudget(
  { parts, totalBytes }: Pick<EnsemblePlan, "parts" | "totalBytes">,
  budgetBytes: number,
): void {
  if (totalBytes <= budgetBytes) return;
  const largest = [...parts].sort((a, b) => b.bytes - a.bytes).slice(0, 3);
  const named = largest.map(({ name, bytes }) => `${name} (${bytes} bytes)`).join(", ");
  throw new RivuletError(
    "memory.budget",
    `the ensemble needs ${totalBytes} bytes but memory.budget is ${budgetBytes}; its largest parts are ${named}; raise the budget, lower training.effort, or name a model`,
    { path: "memory.budget" },
  );
}
