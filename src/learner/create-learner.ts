/** The learner for a task: the ensemble, or the network that is named. */
import { keyError, RivuletError } from "../errors/errors.ts";
import { suggestion } from "../wording/nearest.ts";
import type { ClassificationReport } from "./classification-metrics.ts";
import { createEnsemble, type Ensemble } from "./ensemble.ts";
import type { EnsembleClassReport, EnsembleNumberReport } from "./ensemble-report.ts";
import { createNetworkLearner, type Learner } from "./learner.ts";
import type { LearnerOptions } from "./learner-options.ts";
import type { ModelParts } from "./model.ts";
import type { PrequentialLearner } from "./prequential-learner.ts";
import type { RegressionReport } from "./regression-metrics.ts";

/** A model whose layers replace those of the replayed network. */
type EnsembleParts = Pick<ModelParts, "layers" | "inputShape"> & { ensemble: true };

type Target = LearnerOptions["target"];
/** The report that a target leads to: where its type has classes, that of a classification. */
type ReportOf<T> = T extends { classes: number } ? ClassificationReport : RegressionReport;
type EnsembleReportOf<T> = T extends { classes: number } ? EnsembleClassReport : EnsembleNumberReport;

/**
 * Builds a learner for a target among the columns of a sample: where `model` is named, even as `{}`, that network alone;
 * where not, the ensemble, which has nothing to tune. With `model: { ensemble: true, layers }` the ensemble has these
 * layers in its replayed network's place.
 * @throws RivuletError where a part of the description is wrong or does not fit another, or memory is short
 *
 * @example
 * import assert from "node:assert/strict";
 * import { conv1d, createLearner, flatten, relu } from "rivulet";
 *
 * const fields = [...Array.from({ length: 16 }, (_, i) => `t${i}`), "label"];
 * const model = { ensemble: true, inputShape: [1, 16], layers: [conv1d(4, 3), relu(), flatten()] };
 * const learner = createLearner({ fields, target: { column: "label", classes: 2 }, model });
 * for (let row = 0; row < 400; row++) {
 *   const phase = 0.7 * row;
 *   const wave = Array.from({ length: 16 }, (_, i) => Math.sin(phase + i * (row % 2 ? 1.2 : 0.6)));
 *   learner.observe(Float64Array.of(...wave, row % 2), 0);
 * }
 * assert(learner.report().experts.some(({ name }) => name === "replayed-network"));
 */
export function createLearner<T extends Target>(
  options: LearnerOptions & { target: T; model: EnsembleParts },
): Ensemble<EnsembleReportOf<T>>;
export function createLearner<T extends Target>(
  options: LearnerOptions & { target: T; model: ModelParts },
): Learner<ReportOf<T>>;
export function createLearner<T extends Target>(
  options: LearnerOptions & { target: T; model?: undefined },
): Ensemble<EnsembleReportOf<T>>;
export function createLearner(options: LearnerOptions): PrequentialLearner;
export function createLearner(options: LearnerOptions): PrequentialLearner {
  requireOptions(options);
  const { fields, target, features, stream, model, training, memory, without, experts } = options;
  if (model !== undefined && model.ensemble !== true) return createNetworkLearner(options);
  if (model !== undefined) requireEnsembleParts(model);
  return createEnsemble({
    fields,
    target,
    features,
    stream,
    effort: training?.effort,
    seed: training?.seed,
    balance: training?.balance,
    eviction: training?.replay?.balance,
    without,
    experts,
    layers: model?.layers,
    inputShape: model?.inputShape,
    arena: { deterministic: training?.deterministic },
    budgetBytes: memory?.budgetBytes,
  });
}

const known: Record<keyof LearnerOptions, true> = {
  ...{ fields: true, target: true, features: true, stream: true, model: true },
  ...{ without: true, experts: true, training: true, memory: true },
};

/** What a program without types may have wrong. @throws RivuletError */
function requireOptions(options: unknown): asserts options is LearnerOptions {
  if (typeof options !== "object" || options === null) {
    throw new RivuletError(
      "argument.bad-value",
      `found ${options === null ? "null" : typeof options} as the options of a learner, expected an object with fields and target`,
    );
  }
  const other = Object.keys(options).find((key) => !Object.hasOwn(known, key));
  if (other !== undefined) {
    const help = suggestion(other, Object.keys(known));
    throw keyError("config.unknown-key", other, `is not an option of a learner; ${help}`);
  }
  const { fields, target } = options as Partial<LearnerOptions>;
  if (!Array.isArray(fields) || fields.some((name) => typeof name !== "string")) {
    throw keyError("config.bad-value", "fields", `must be a list of names such as ["a", "b", "label"]`);
  }
  if (typeof target !== "object" || target === null) {
    const example = `{ column: "label", classes: 2 }`;
    throw keyError("config.bad-value", "target", `must be an object such as ${example}`);
  }
}

/** The replayed network learns as the ensemble has it. */
function requireEnsembleParts({ ensemble, layers, inputShape, ...others }: ModelParts): void {
  const [name] = Object.keys(others);
  if (name === undefined) return;
  throw new RivuletError(
    "config.conflict",
    `found model.${name} beside model.ensemble, expected layers and inputShape at most; leave it out, as the ensemble's network has its own`,
    { path: `model.${name}` },
  );
}
