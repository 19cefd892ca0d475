/** Every framing. */
import { binary } from "./binary.ts";
import { blocks } from "./blocks.ts";
import { frames } from "./frames.ts";
import type { Framing, FramingSettingsTable } from "./framing.ts";
import { lines } from "./lines.ts";
import { nmea } from "./nmea.ts";
import { p1 } from "./p1.ts";
import { slip } from "./slip.ts";
import { teleplot } from "./teleplot.ts";
import { veDirect } from "./ve-direct.ts";

/**
 * Every framing by the name that it has in a config: its decoder reads chunks of bytes, split anywhere, into a ring of
 * samples.
 *
 * @example
 * import assert from "node:assert/strict";
 * import { framings, SampleRing } from "rivulet";
 *
 * const fields = ["temperature", "humidity"].map((name) => ({ name, type: "f32", scale: 1, offset: 0 }));
 * const ring = new SampleRing(fields.length, 100, "drop-oldest");
 * const options = { startsAtLine: true, refuseReplies: false, passNonFinite: false, decimal: "auto" };
 * const decoder = framings.lines.createDecoder(fields, ring, options);
 * for (const text of ["21.5,40\n21.", "6,41\nnoise\n"]) {
 *   const chunk = new TextEncoder().encode(text);
 *   decoder.decode(chunk, 0, chunk.length, Date.now());
 * }
 * const temperatures = [];
 * while (ring.length > 0) {
 *   temperatures.push(ring.values[ring.front()]);
 *   ring.release();
 * }
 * assert.deepEqual(temperatures, [21.5, 21.6]);
 * assert.equal(decoder.counts.damaged, 1);
 */
export const framings = {
  ...{ frames, lines, slip },
  ...{ "ve-direct": veDirect, p1, nmea, teleplot },
  ...{ blocks, binary },
} as const;

export type FramingName = keyof typeof framings;

export const framingNames = Object.keys(framings) as FramingName[];

/** A union as an intersection (contravariant inference of conditional types). */
type All<Union> = (Union extends unknown ? (of: Union) => void : never) extends (of: infer Both) => void
  ? Both
  : never;
type SettingsIn<F> = F extends Framing<infer Settings> ? Settings : never;

/** Values of the keys that describe a framing: blocks between marks, binary frames. */
export type FramingDetails = Readonly<Record<string, unknown>>;

/**
 * A framing as a config chooses it: its name, the settings of all framings, each used where it applies, and what
 * describes it, where something does.
 */
export type FramingChoice = { framing: FramingName; details?: FramingDetails | null } & All<
  SettingsIn<(typeof framings)[FramingName]>
>;

/** The framings that a config describes by a map. */
export const describedFramings = framingNames.filter((name) => detailsOf(name) !== undefined);

/** The keys that describe a framing; undefined where it is known by its name alone. */
export function detailsOf(name: FramingName): FramingSettingsTable | undefined {
  return (framings[name] as Framing).details;
}

/** Every key that a framing has in a config, by name. */
export const framingSettings: FramingSettingsTable = Object.assign(
  {},
  ...Object.values(framings).map(({ settings }) => settings),
);

/** The framings that have a key of this name. */
export function framingsWith(key: string): FramingName[] {
  return framingNames.filter((name) => key in framings[name].settings);
}
