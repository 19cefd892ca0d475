/** Reads what is said of samples that have passed: which they are, and what they were. */
import { RivuletError } from "../../errors/errors.ts";
import { largestFloat32 } from "../../float32.ts";
import { suggestion } from "../../wording/nearest.ts";
import { parseDuration } from "../../wording/quantities.ts";
import { shown } from "../../wording/safe.ts";

/** The samples that a label is about. Times are milliseconds since the epoch by the system's clock. */
export type LabelledSamples =
  | { sequence: number }
  /** The sample taken nearest to this time. */
  | { at: number }
  /** All samples taken from one time to another, both included. */
  | { from: number; to: number }
  /** All samples of this many milliseconds until now. */
  | { last: number };

export interface LabelRequest {
  samples: LabelledSamples;
  /** A class from 0, or the target's number. */
  label: number;
  /** The same id a second time changes nothing. */
  id: string | null;
}

/** What a label may be. */
export interface LabelTarget {
  /** Classes, or 0 where the target is a number. */
  classes: number;
  /** Names of the classes, in order; empty where they have none. */
  names: readonly string[];
}

const keys = ["sequence", "at", "from", "to", "last", "label", "id"];
const longestId = 128;
/** Milliseconds to which JavaScript's dates reach. */
const latestTime = 8.64e15;

const bad = (sentence: string) => new RivuletError("label.malformed", sentence);

/**
 * Reads labels from text: one JSON object, or one in each line, such as `{"sequence": 4711, "label": 1}`,
 * `{"at": "2026-11-29T20:40:00Z", "label": 1}`, `{"from": ..., "to": ..., "label": 1}`, `{"last": "10s", "label": 1}`, each with an
 * `id` if it may be sent twice.
 * @throws RivuletError where any of them is malformed, so that all or none are applied
 */
export function parseLabels(text: string, target: LabelTarget): LabelRequest[] {
  const lines = text.split("\n").filter((line) => line.trim() !== "");
  const documents = parsed(text) ?? lines.map(parsed);
  const list = Array.isArray(documents) ? documents : [documents];
  if (list.length === 0)
    throw bad(`found no label, expected a JSON object such as {"sequence":4711,"label":1}`);
  return list.map((document) => requestOf(document, target));
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function requestOf(document: unknown, target: LabelTarget): LabelRequest {
  if (typeof document !== "object" || document === null || Array.isArray(document)) {
    throw bad(
      `found ${shown(document)} as a label, expected a JSON object such as {"sequence":4711,"label":1}`,
    );
  }
  const given = document as Record<string, unknown>;
  const unknown = Object.keys(given).find((key) => !keys.includes(key));
  if (unknown !== undefined) {
    throw bad(`found the key ${shown(unknown)} in a label; ${suggestion(unknown, keys)}`);
  }
  return { samples: samplesOf(given), label: labelOf(given["label"], target), id: idOf(given["id"]) };
}

function idOf(id: unknown): string | null {
  if (id === undefined || id === null) return null;
  if (typeof id === "string" && id.length > 0 && id.length <= longestId) return id;
  throw bad(`found ${shown(id)} as the id of a label, expected a text of at most ${longestId} characters`);
}

/** Reads a class by its number or name, or a number. @throws RivuletError where the target cannot be that */
export function labelOf(label: unknown, { classes, names }: LabelTarget): number {
  if (classes === 0) {
    if (typeof label === "number" && Math.abs(label) <= largestFloat32) return label;
    throw bad(`found the label ${shown(label)}, expected a finite number, as the target is one`);
  }
  const named = ["string", "number"].includes(typeof label) ? names.indexOf(String(label)) : -1;
  if (named >= 0) return named;
  if (Number.isInteger(label) && (label as number) >= 0 && (label as number) < classes)
    return label as number;
  const expected = names.length > 0 ? `one of ${names.join(", ")}` : `a class from 0 to ${classes - 1}`;
  throw bad(`found the label ${shown(label)}, expected ${expected}`);
}

function samplesOf(given: Record<string, unknown>): LabelledSamples {
  const said = ["sequence", "at", "from", "last"].filter((key) => given[key] !== undefined);
  if (said.length !== 1 || (given["to"] !== undefined && said[0] !== "from")) {
    throw bad(
      `found ${said.length === 0 ? "no samples" : said.join(" and ")} in a label, expected one of sequence, at, from and to, or last`,
    );
  }
  const { sequence, at, from, to, last } = given;
  if (sequence !== undefined) {
    if (Number.isSafeInteger(sequence)) return { sequence: sequence as number };
    throw bad(`found the sequence ${shown(sequence)}, expected the number of a sample`);
  }
  if (at !== undefined) return { at: timeOf(at, "at") };
  if (from !== undefined) return rangeOf(timeOf(from, "from"), timeOf(to, "to"));
  const milliseconds = typeof last === "string" ? parseDuration(last) : null;
  if (milliseconds !== null && milliseconds > 0) return { last: milliseconds };
  throw bad(`found the last ${shown(last)}, expected a duration with its unit such as "10s"`);
}

function rangeOf(from: number, to: number): LabelledSamples {
  if (from <= to) return { from, to };
  throw bad(`found a label from ${from} to ${to} ms, expected the earlier time first`);
}

/** Reads a time as milliseconds since the epoch, or as ISO 8601 with its zone: without one, whose midnight is meant? */
export function timeOf(time: unknown, key: string): number {
  const hasZone = typeof time === "string" && /^\d{4}-\d\d-\d\dT.*(Z|[+-]\d\d:?\d\d)$/.test(time);
  const milliseconds = hasZone ? Date.parse(time as string) : time;
  if (typeof milliseconds === "number" && Math.abs(milliseconds) <= latestTime) return milliseconds;
  throw bad(
    `found ${shown(time)} as ${key} of a label, expected a time with its zone such as "2026-11-29T20:40:00Z", or milliseconds since 1970`,
  );
}
