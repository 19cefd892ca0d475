/** Every transform of rows and their past by the name that it has in a config. */
import { clock } from "./clock.ts";
import { differences } from "./differences.ts";
import { lags } from "./lags.ts";
import { missing } from "./missing.ts";
import { profile } from "./profile.ts";
import { relation } from "./relation.ts";
import { window } from "./window.ts";

export const seriesTransforms = { missing, window, relation, lags, differences, clock, profile } as const;

export type SeriesName = keyof typeof seriesTransforms;

export const seriesNames = Object.keys(seriesTransforms) as SeriesName[];
