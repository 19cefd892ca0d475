/** The keys `features` and `sequence` of a config, and what a stream is by its other keys. */
import * as v from "valibot";
import { keyError } from "../errors/errors.ts";
import { automaticFeatures } from "../features/automatic.ts";
import { planFeatures, type Sequence, type StreamDescription } from "../features/extraction.ts";
import { readFeatures } from "../features/feature-list.ts";
import { forecastFeatures } from "../learner/forecast/forecast-features.ts";
import { formatDuration } from "../wording/quantities.ts";
import type { ConfigErrors } from "./config-errors.ts";
import { type ForecastConfig, horizonRows } from "./forecast-config.ts";
import { accepting, duration, either, list, map, oneOf, optional, text } from "./schema.ts";

const transform = accepting("a transform", v.unknown());

/** Schema of the key `features`: the transforms themselves are checked by `features/`. */
export const featuresSchema = either(
  list(transform, "auto, or a list of transforms such as [standardize]", { maximum: 64 }),
  oneOf(["auto"]),
  (value) => typeof value === "string",
);

export const sequenceSchema = map({
  by: optional("Column whose value changes with each sequence; it is no feature", text("a column's name"), {
    otherwise: "gap decides",
  }),
  gap: optional("Time without samples after which another sequence begins", duration("2s or 1min"), {
    otherwise: "by decides",
  }),
});

interface ParsedFeatures {
  features?: unknown[] | "auto";
  sequence?: { by?: string; gap?: number };
}

/** What the features of a config are made of. */
export interface FeaturesConfig {
  /** Null where nothing is predicted. */
  target: { column: string; classes?: number; forecast?: ForecastConfig } | null;
  /** Transforms as written; `auto`: by the rate and the columns. */
  features: unknown[] | "auto";
  sequence: Sequence | null;
  /** Null: that of the system. */
  timeZone: string | null;
  source: {
    rate: number | null;
    fields: readonly { name: string }[] | null;
    values: { indicator: boolean };
  };
}

/** Fills in the key `sequence`. */
export function sequenceWithDefaults({ sequence }: ParsedFeatures): Sequence | null {
  if (sequence?.by !== undefined) return { by: sequence.by };
  return sequence?.gap === undefined ? null : { gap: `${sequence.gap}ms` };
}

/** What is known of a config's samples in time. */
export const streamOf = ({ source, sequence, timeZone }: FeaturesConfig): StreamDescription => ({
  rate: source.rate,
  sequence,
  ...(timeZone === null ? {} : { timeZone }),
});

/**
 * The transforms of a config for samples of these columns, `auto` resolved, after what source.values.indicator asks for.
 * @throws RivuletError where one is about the past of a target whose labels come later
 */
export function featuresOf(config: FeaturesConfig, columns: readonly string[]): unknown[] {
  const features = chosenFeatures(config, columns);
  if (!config.source.values.indicator) return features;
  const { sequence, target } = config;
  const id = sequence !== null && "by" in sequence ? sequence.by : null;
  const of = columns.filter((name) => name !== id && name !== target?.column);
  return of.length === 0 ? features : [{ missing: { of } }, ...features];
}

function chosenFeatures(config: FeaturesConfig, columns: readonly string[]): unknown[] {
  const { features, target, source, sequence } = config;
  const targetIsSent = source.fields === null || source.fields.some(({ name }) => name === target?.column);
  const id = sequence !== null && "by" in sequence ? sequence.by : null;
  if (features === "auto" && target?.forecast !== undefined) {
    const horizon = horizonRows(target.forecast, source.rate);
    return forecastFeatures({ column: target.column, horizon }, source.rate);
  }
  if (features === "auto") {
    return automaticFeatures({
      columns: columns.filter((name) => name !== id),
      target: target?.column ?? null,
      rate: source.rate,
      task: target === null ? "none" : target.classes === undefined ? "number" : "classes",
      targetIsSent,
    });
  }
  if (target !== null && !targetIsSent) requireKnownPast(features, target.column);
  return features;
}

/** The column whose value of a row is not known when it is predicted: what is forecast is known up to now. */
const hiddenOf = ({ target }: FeaturesConfig): string | null =>
  target === null || target.forecast !== undefined ? null : target.column;

/** The columns of a row of features for samples of these columns, and those of them that were measured. */
export function rowColumns(
  config: FeaturesConfig,
  columns: readonly string[],
): { columns: string[]; measured: string[] } {
  const features = featuresOf(config, columns);
  const planned = planFeatures({ columns, target: hiddenOf(config), features, ...streamOf(config) });
  return planned.create === null ? { columns: [...columns], measured: [...columns] } : planned;
}

function requireKnownPast(features: unknown[], target: string): void {
  for (const { name, options, path } of readFeatures(features).series) {
    const { of } = options;
    if (!Array.isArray(of) || !of.includes(target)) continue;
    throw keyError(
      "config.conflict",
      path,
      `makes ${name} of the target "${target}", whose labels come later than the samples; name other columns`,
    );
  }
}

/**
 * Reports what is wrong with features and sequences; returns the number of inputs that come of them, the given one where
 * the columns are not known yet.
 * @param columns of a sample, the target last where labels come later; null: a data file names them
 */
export function checkFeatures(
  config: FeaturesConfig & { memory?: { budget?: number } },
  written: ParsedFeatures,
  columns: readonly string[] | null,
  inputs: number,
  errors: ConfigErrors,
): number {
  if (written.sequence !== undefined && Object.keys(written.sequence).length !== 1) {
    errors.conflict(["sequence"], " must have by or gap, one of them");
    return inputs;
  }
  let planned = inputs;
  errors.attempt(() => {
    if (columns === null) {
      if (config.features !== "auto") readFeatures(config.features);
      return;
    }
    const horizon = config.target?.forecast?.horizon;
    // How many rows that is decides about the features; the forecast's own check reports it.
    if (typeof horizon === "string" && config.source.rate === null) return;
    const features = featuresOf(config, columns);
    const target = config.target?.column ?? null;
    const all = target === null || columns.includes(target) ? columns : [...columns, target];
    const hidden = hiddenOf(config);
    const options = { columns: all, target: hidden, features, ...streamOf(config) };
    planned = planFeatures({ ...options, budgetBytes: config.memory?.budget }).columns.length - 1;
  }, ["features"]);
  return planned;
}

/** What a sequence is, in words. */
export const sequenceText = (sequence: Sequence): string =>
  "by" in sequence
    ? `a sequence for each value of ${sequence.by}`
    : `a sequence begins after ${formatDuration(Number.parseFloat(sequence.gap))} without samples`;
