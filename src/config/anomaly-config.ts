/** The key `anomaly` of a config: which columns are watched for what is unlike normal, and how often an alarm may come. */
import * as v from "valibot";
import { isIndicator } from "../features/missing.ts";
import { suggestion } from "../wording/nearest.ts";
import { parseTimeSpan } from "../wording/quantities.ts";
import type { ConfigErrors } from "./config-errors.ts";
import { accepting, defaultsOf, duration, finiteNumber, list, map, must, optional, text } from "./schema.ts";
import type { ParsedSource } from "./source-schema.ts";

/** The key `anomaly` with every default. */
export interface AnomalyConfig {
  /** Alarms a week, on average, at most. */
  alarmsPerWeek: number;
  /** Time without anything unusual after which an episode is over; null: by the rate of samples. */
  coolDownMs: number | null;
  /** Time over which moments are ranked. */
  memoryMs: number;
  /** Names of the columns that are watched; null: all that were measured, but the target. */
  watch: string[] | null;
  /** Time between two samples, where the source has no clock; null: it has one. */
  intervalMs: number | null;
}

const rateText = "a number of alarms a week above 0, up to 100";
const alarmRate = accepting(
  rateText,
  v.pipe(
    finiteNumber,
    v.check((rate) => rate > 0 && rate <= 100, must(rateText)),
  ),
);

const longestMemoryMs = 365 * 86_400_000;
const leastMemoryMs = 86_400_000;
const memoryText = "a duration with its unit such as 4w or 10d, from 1d to 52w";
const memory = accepting(
  memoryText,
  v.pipe(
    v.string(must(memoryText)),
    v.check((written) => {
      const milliseconds = parseTimeSpan(written);
      return milliseconds !== null && milliseconds >= leastMemoryMs && milliseconds <= longestMemoryMs;
    }, must(memoryText)),
    v.transform((written) => parseTimeSpan(written) as number),
  ),
);

const coolDownText = '"auto" or a duration with its unit such as 30min, up to 24d';
const automatic = v.pipe(
  v.literal("auto"),
  v.transform(() => null),
);
const coolDown = accepting(
  coolDownText,
  v.lazy((value): v.GenericSchema<unknown, number | null> => (value === "auto" ? automatic : duration())),
);

export const anomalySchema = map({
  alarmsPerWeek: optional("Alarms a week, on average, at most", alarmRate, { default: 2 }),
  coolDown: optional(
    "Time without anything unusual after which an episode is over; auto: a twentieth of an alarm's share of the week, 16 to 256 samples",
    coolDown,
    { default: "auto" },
  ),
  memory: optional("Time over which moments are ranked by how unusual they are", memory, { default: "4w" }),
  watch: optional(
    "Columns that are watched",
    list(text("a column's name"), "a list of columns", { minimum: 1, maximum: 1024 }),
    { otherwise: "every measured column but the target, with what window and relation make of them" },
  ),
  interval: optional("Time between two samples, for a CSV file, which has no clock", duration("1s or 5min"), {
    otherwise: "the times at which samples came, now or when they were recorded",
  }),
});
const defaults = defaultsOf(anomalySchema);

type Parsed = v.InferOutput<typeof anomalySchema>;

/** Reports columns to watch that do not exist or are named twice, and an interval beside a clock. */
export function checkAnomaly(
  { watch, interval }: Parsed,
  source: ParsedSource | undefined,
  names: ReadonlySet<string> | null,
  errors: ConfigErrors,
): void {
  for (const [index, name] of (watch ?? []).entries()) {
    if (watch?.indexOf(name) !== index)
      errors.conflict(["anomaly", "watch", index], `: "${name}" is named twice; remove one`);
    if (names === null || names.has(name)) continue;
    errors.add(
      "config.bad-value",
      ["anomaly", "watch", index],
      `: "${name}" is not a column of source.fields; ${suggestion(name, names)}`,
    );
  }
  const isLive =
    source !== undefined && source.file === undefined && source.stdin === undefined && names !== null;
  if (interval !== undefined && isLive) {
    errors.conflict(
      ["anomaly", "interval"],
      " belongs to a CSV file, but samples of a device have the time at which they come; remove it",
    );
  }
}

/** Fills in the defaults of the key `anomaly`. */
export function anomalyWithDefaults(parsed: Parsed): AnomalyConfig {
  const { alarmsPerWeek, coolDown, memory, watch, interval } = parsed;
  return {
    alarmsPerWeek: alarmsPerWeek ?? defaults.alarmsPerWeek,
    coolDownMs: coolDown === undefined ? defaults.coolDown : coolDown,
    memoryMs: memory ?? defaults.memory,
    watch: watch ?? null,
    intervalMs: interval ?? null,
  };
}

/**
 * Columns that are watched, in the order of a row: those that are named, else all that were measured but the target.
 *
 * @param target null also where it is forecast: what it is now comes with each sample
 */
export const watchedColumns = (
  { watch }: AnomalyConfig,
  columns: readonly string[],
  target: string | null,
  measured: readonly string[] = columns,
): string[] =>
  watch === null
    ? measured.filter((name) => name !== target && !isIndicator(name, columns))
    : columns.filter((name) => watch.includes(name));
