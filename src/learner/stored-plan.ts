/**
 * Plans the learner that a file describes before anything is allocated for it, and refuses one that needs more than the
 * file can hold: 1,600 bytes could otherwise ask for a gigabyte.
 */
import type { Model } from "../engine/model/model.ts";
import { plan } from "../engine/planning/planner.ts";
import { flattened, unitsOf } from "../engine/planning/units.ts";
import { requireShapes, type Tensor } from "../engine/running/network-state.ts";
import { RivuletError } from "../errors/errors.ts";
import type { PlannedFeatures } from "../features/extraction.ts";
import { createPipeline } from "../features/pipeline.ts";
import { described, isCount } from "../state-check.ts";
import { replayAt } from "./effort.ts";
import { type EnsembleOptions, ensembleParts, planEnsemble } from "./ensemble-plan.ts";
import { type ForecasterOptions, type ForecastTarget, planForecaster } from "./forecast/forecaster.ts";
import { guestModel } from "./guest.ts";
import { learnerFeatures } from "./learner-features.ts";
import { type LearnerOptions, type LearnerTraining, networkOptions } from "./learner-options.ts";
import { modelFor } from "./model.ts";
import { requireTarget } from "./target.ts";

/** Layers, those inside others included, and transforms of a description from a file. */
const mostLayers = 1000;
const mostTransforms = 64;
/** Columns of a sample. */
const mostFields = 2 ** 16;
/** Memory of a stored learner: twice what is stored of it, and this much for what is not, such as activations. */
const freeBytes = 16e6;

/** Bytes that the arrays of a stored state hold. */
export function bytesIn(state: unknown): number {
  if (state instanceof Float32Array || state instanceof Float64Array) return state.byteLength;
  if (typeof state !== "object" || state === null) return 0;
  let bytes = 0;
  for (const value of Array.isArray(state) ? state : Object.values(state)) bytes += bytesIn(value);
  return bytes;
}

/** @throws RivuletError where a learner of `bytes` bytes is more than a file with `storedBytes` bytes of state can describe */
function requireMemory(bytes: number, storedBytes: number): void {
  const most = 2 * storedBytes + freeBytes;
  if (bytes <= most) return;
  throw new RivuletError(
    "memory.budget",
    `it would need ${Math.round(bytes)} bytes, but only ${storedBytes} are stored, for which at most ${most} are allocated; do not trust this file`,
  );
}

/**
 * The options of the network of a file, which may work on fewer samples at a time than when it was saved.
 * @throws RivuletError where the stored tensors are of other shapes than its layers', or it needs too much memory
 */
export function plannedNetwork(
  model: Model,
  stored: { parameters: readonly Tensor[]; storedBytes: number; batchSize: unknown },
): { batchSize: number } {
  const { parameters, storedBytes, batchSize } = stored;
  requireLayers(model.layers);
  const expected = flattened(unitsOf(model)).flatMap((unit) => unit.parameters);
  requireShapes(
    expected.map(({ fullName, shape }) => ({ name: fullName, shape })),
    parameters,
  );
  if (!isCount(batchSize) || batchSize < 1) {
    throw new RivuletError(
      "state.invalid",
      `its batch size is ${described(batchSize)}, expected a whole number from 1; do not trust this file`,
    );
  }
  const bytesOf = (batchSize: number) => {
    const options = networkOptions(model, { batchSize });
    return plan(model, options).totalBytes;
  };
  if (bytesOf(batchSize as number) <= 2 * storedBytes + freeBytes) return { batchSize: batchSize as number };
  requireMemory(bytesOf(1), storedBytes);
  return { batchSize: 1 };
}

/**
 * Checks what the learner of a file asks for. Returns how many samples its network may work on at a time.
 * @throws RivuletError where the description is not valid, contradicts the stored tensors, or asks for too much memory
 */
export function plannedLearner(
  options: LearnerOptions,
  stored: { parameters: readonly Tensor[]; storedBytes: number },
): { batchSize: number } {
  requireColumns(options, stored.storedBytes);
  const { training = {} } = options;
  requireTraining(training);
  // Before they are followed from shape to shape, which takes long where they are many.
  if (Array.isArray(options.model?.layers)) requireLayers(options.model.layers);
  const rows = learnerFeatures({ ...options, target: options.target as never });
  requireMemory(rows.bytes, stored.storedBytes);
  const pipeline = createPipeline(rows.transforms, Math.max(1, rows.columns.length - 1));
  const model = modelFor(options.target as never, options.model ?? {}, pipeline.outputs);
  const { batchSize = 1 } = training;
  return plannedNetwork(model, { ...stored, batchSize });
}

/** As `plannedLearner`, for an ensemble. */
export function requirePlannedEnsemble(options: EnsembleOptions, storedBytes: number): void {
  requireColumns(options, storedBytes);
  requireTraining({ seed: options.seed, deterministic: options.arena?.deterministic });
  requireOptions(options);
  if (Array.isArray(options.layers)) requireLayers(options.layers);
  requireMemory(planEnsemble(options).totalBytes, storedBytes);
}

/** As `plannedLearner`, for the network of an ensemble alone. Returns it, and the plan of its features. */
export function plannedGuest(
  options: EnsembleOptions,
  stored: { parameters: readonly Tensor[]; storedBytes: number },
): { rows: PlannedFeatures; network: Model } {
  requireColumns(options, stored.storedBytes);
  if (Array.isArray(options.layers)) requireLayers(options.layers);
  const { features: rows, committee } = ensembleParts(options);
  requireMemory(rows.bytes, stored.storedBytes);
  const network = guestModel(committee);
  plannedNetwork(network, { ...stored, batchSize: 1 });
  return { rows, network };
}

/** As `plannedLearner`, for a forecaster. */
export function requirePlannedForecaster(options: ForecasterOptions, storedBytes: number): void {
  const { column, horizon, coverage = 0.9 } = (options.target ?? {}) as Partial<ForecastTarget>;
  const isTarget =
    typeof column === "string" &&
    Number.isSafeInteger(horizon) &&
    (horizon as number) >= 1 &&
    coverage > 0 &&
    coverage < 1;
  if (!isTarget || !Array.isArray(options.fields)) {
    throw new RivuletError(
      "state.invalid",
      "its target is not a column with a whole number of rows ahead and a coverage between 0 and 1; do not trust this file",
    );
  }
  requireTraining({ seed: options.seed, deterministic: options.arena?.deterministic });
  requireMemory(planForecaster(options).totalBytes, storedBytes);
}

/** Checks the parts of a description that cost memory before a plan can be made. */
function requireColumns(
  { fields, target, features = [] }: Pick<LearnerOptions, "fields" | "target" | "features">,
  storedBytes: number,
): void {
  if (Array.isArray(fields) && fields.length > mostFields) {
    throw new RivuletError(
      "state.invalid",
      `it has ${fields.length} fields, expected at most ${mostFields}; do not trust this file`,
    );
  }
  const areNames =
    Array.isArray(fields) && fields.length >= 2 && fields.every((name) => typeof name === "string");
  if (!areNames || new Set(fields).size !== fields.length) {
    throw new RivuletError(
      "state.invalid",
      "its fields are not a list of different names; do not trust this file",
    );
  }
  const { column, names = [] } = (target ?? {}) as { column?: unknown; names?: unknown };
  const hasNames = Array.isArray(names) && names.every((name) => typeof name === "string");
  if (typeof column !== "string" || !hasNames) {
    throw new RivuletError(
      "state.invalid",
      "its target has no column, or its class names are not a list of texts; do not trust this file",
    );
  }
  if (!("classes" in target)) {
    const { standardize = true } = target;
    if (typeof standardize !== "boolean")
      throw new RivuletError(
        "state.invalid",
        "its target.standardize is neither true nor false; do not trust this file",
      );
  } else if (names.length > target.classes) {
    throw new RivuletError("state.invalid", "it has more names than classes; do not trust this file");
  }
  requireTarget(target as never, fields);
  // The confusion matrix is in doubles, and its stored form beside it.
  if ("classes" in target) requireMemory(16 * target.classes ** 2, storedBytes);
  if (Array.isArray(features) && features.length > mostTransforms) {
    throw new RivuletError(
      "state.invalid",
      `it has ${features.length} transforms, expected at most ${mostTransforms}; do not trust this file`,
    );
  }
}

function requireTraining({ seed = 1, deterministic = true }: LearnerTraining): void {
  if (Number.isFinite(seed) && typeof deterministic === "boolean") return;
  throw new RivuletError(
    "state.invalid",
    `its seed is ${described(seed)} and deterministic ${described(deterministic)}, expected a number, and true or false; do not trust this file`,
  );
}

function requireOptions({ effort = "high", without = [], coverage = 0.9 }: EnsembleOptions): void {
  const isKnown = Object.hasOwn(replayAt, effort);
  const isShare = typeof coverage === "number" && coverage > 0 && coverage < 1;
  const areNames = Array.isArray(without) && without.every((name) => typeof name === "string");
  if (isKnown && isShare && areNames) return;
  throw new RivuletError(
    "state.invalid",
    `its effort is ${described(effort)}, its coverage ${described(coverage)} and it leaves out ${described(without)}, expected one of ${Object.keys(replayAt).join(", ")}, a number between 0 and 1, and a list of names; do not trust this file`,
  );
}

/**
 * Checks the number of layers in a stored description.
 * @throws RivuletError where a description has more layers than any device trains; what is no list of layers passes
 */
export function requireLayers(layers: unknown): void {
  const count = countLayers(layers);
  if (count <= mostLayers) return;
  throw new RivuletError(
    "state.invalid",
    `it has ${count} layers, expected at most ${mostLayers}; do not trust this file`,
  );
}

/** Entries of lists that are no numbers: layers, and those inside them. */
function countLayers(value: unknown): number {
  if (typeof value !== "object" || value === null) return 0;
  const isList = Array.isArray(value);
  let count = 0;
  for (const inner of Object.values(value)) {
    count += countLayers(inner) + (isList && typeof inner !== "number" ? 1 : 0);
  }
  return count;
}
