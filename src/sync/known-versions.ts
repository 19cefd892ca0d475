/**
 * The newest version that is known of each source of models. What is not above it is never taken, also where a config goes
 * from one source to another and back: an owner may have withdrawn it.
 */
import { isCount } from "../state-check.ts";

/** Marks of sources, each with a version; the source of the latest one is the last. */
export type KnownVersions = [source: string, version: number][];

/** Sources that are remembered. A device has one, and another one where its group or the key of that changes. */
const mostSources = 16;

/** Returns the newest version known of a source. 0: nothing is known of the source. */
export const versionOf = (known: KnownVersions, source: string): number =>
  known.find(([each]) => each === source)?.[1] ?? 0;

/** Takes in a version where it is newer than that of its source; the source that had none for longest may be forgotten. */
export function withVersion(known: KnownVersions, source: string, version: number): KnownVersions {
  if (version <= versionOf(known, source)) return known;
  const others = known.filter(([each]) => each !== source);
  return [...others, [source, version] as [string, number]].slice(-mostSources);
}

/** Whether what was stored is one; it may be damaged, or of a version that kept none. */
export const isKnownVersions = (stored: unknown): stored is KnownVersions =>
  Array.isArray(stored) &&
  stored.length <= mostSources &&
  stored.every(
    (each) => Array.isArray(each) && each.length === 2 && typeof each[0] === "string" && isCount(each[1]),
  );
