/** The keys of a target that is a future value of a column. */
import * as v from "valibot";
import { keyError } from "../errors/errors.ts";
import { rowsOf } from "../features/series-transform.ts";
import { isAllowed, type StepSetting, settingText } from "../setting.ts";
import type { ConfigErrors } from "./config-errors.ts";
import { accepting, must, optional, text } from "./schema.ts";

const horizonSetting: StepSetting = { title: "", default: 1, step: 1 };
const horizonText = settingText(horizonSetting);
const shareText = "a number above 0 and below 1, such as 0.9";

export const forecastKeys = {
  forecast: optional(
    "Column of which a future value is predicted; one column is enough",
    text("a column's name"),
    {
      otherwise: "the value of column is predicted",
    },
  ),
  horizon: optional(
    "How far ahead a value is forecast: a number of rows, or a time where source.rate is known",
    accepting(
      horizonText,
      v.custom<number | string>((value) => isAllowed(horizonSetting, value), must(horizonText)),
    ),
    { otherwise: "1 with forecast" },
  ),
  interval: optional(
    "Share of the true values that the interval around a forecast is to hold",
    accepting(
      shareText,
      v.pipe(v.number(must(shareText)), v.gtValue(0, must(shareText)), v.ltValue(1, must(shareText))),
    ),
    { otherwise: "0.9 with forecast" },
  ),
};

/** How far ahead, and what the interval is to hold. */
export interface ForecastConfig {
  /** Rows, or a time with its unit. */
  horizon: number | string;
  coverage: number;
}

interface Written {
  column?: string;
  forecast?: string;
  horizon?: number | string;
  interval?: number;
}

/** The column of a target as written, and its forecast where it is one. */
export function forecastOf<T extends Written>({ column, forecast, horizon, interval, ...rest }: T) {
  return {
    ...rest,
    column: column ?? forecast ?? "",
    forecast: forecast === undefined ? undefined : { horizon: horizon ?? 1, coverage: interval ?? 0.9 },
  };
}

/** Reports keys of a target that contradict or need each other, before its column is looked at. */
export function checkTargetKeys(
  written: (Written & { classes?: unknown; standardize?: unknown }) | undefined,
  errors: ConfigErrors,
): void {
  if (written === undefined) return;
  const { column, forecast } = written;
  if (column === undefined && forecast === undefined) {
    errors.add(
      "config.missing-key",
      ["target"],
      ': the key "column" is missing; add column: the name of the column to predict, or forecast: one of which a future value is predicted',
      ["target"],
    );
  }
  if (column !== undefined && forecast !== undefined) {
    errors.conflict(
      ["target", "column"],
      " is beside target.forecast, which names the column too; keep one of them",
    );
  }
  for (const key of ["horizon", "interval"] as const) {
    if (written[key] !== undefined && forecast === undefined)
      errors.conflict(["target", key], " belongs to a forecast; add target.forecast, or remove it");
  }
  for (const key of ["classes", "standardize"] as const) {
    if (written[key] !== undefined && forecast !== undefined)
      errors.conflict(["target", key], " does not belong to a forecast, which is a number; remove it");
  }
}

/** Reports other keys of a config that make no sense with a forecast. */
export function checkForecast(
  parsed: { model?: unknown; labels?: unknown; gpio?: { label?: unknown }; source?: { rate?: number } },
  { horizon }: ForecastConfig,
  errors: ConfigErrors,
): void {
  if (parsed.model !== undefined)
    errors.conflict(
      ["model"],
      " is a network that learns alone, but target.forecast needs the ensemble; remove it",
    );
  if (parsed.labels !== undefined || parsed.gpio?.label !== undefined) {
    errors.conflict(
      ["labels"],
      " come from outside, but a forecast learns from the column itself; remove them",
    );
  }
  if (typeof horizon === "string" && parsed.source?.rate === undefined) {
    errors.conflict(
      ["target", "horizon"],
      ` is "${horizon}", but nothing says how many rows that is; set source.rate, or write a number of rows`,
    );
  }
}

/** The horizon in rows of features. @throws RivuletError where it is less than one */
export function horizonRows({ horizon }: ForecastConfig, rate: number | null): number {
  return rowsOf(horizon, { columns: [], target: null, rate, timeZone: null }, "target.horizon");
}

/** Refuses a target that is a forecast. @throws RivuletError where a command trains over files */
export function requireNoForecast(target: object): void {
  if (!("forecast" in target)) return;
  throw keyError(
    "config.conflict",
    "target.forecast",
    "is learned row by row, in the order of time; use rivulet run or rivulet replay",
  );
}
