/** Every framing by the name that it has in a config. */
import { frames } from "./frames.ts";
import type { Framing, FramingSettingsTable } from "./framing.ts";
import { lines } from "./lines.ts";
import { slip } from "./slip.ts";

export const framings = { frames, lines, slip } as const;

export type FramingName = keyof typeof framings;

export const framingNames = Object.keys(framings) as FramingName[];

/** A union as an intersection (contravariant inference of conditional types). */
type All<Union> = (Union extends unknown ? (of: Union) => void : never) extends (of: infer Both) => void
  ? Both
  : never;
type SettingsIn<F> = F extends Framing<infer Settings> ? Settings : never;

/** A framing as a config chooses it: its name, and the settings of all framings, each used where it applies. */
export type FramingChoice = { framing: FramingName } & All<SettingsIn<(typeof framings)[FramingName]>>;

/** Every key that a framing has in a config, by name. */
export const framingSettings: FramingSettingsTable = Object.assign(
  {},
  ...Object.values(framings).map(({ settings }) => settings),
);

/** The framings that have a key of this name. */
export function framingsWith(key: string): FramingName[] {
  return framingNames.filter((name) => key in framings[name].settings);
}
