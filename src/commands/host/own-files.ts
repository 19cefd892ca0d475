/** What a host leaves in its folder for other commands: its address, and the keys that sign the models of groups. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { writeFileDurablySync } from "../../checkpoint/durable-file.ts";
import { readNamedText } from "../../machine/regular-file.ts";
import { ownFolder } from "../../sync/host/registry.ts";
import { isModelTrust } from "../../sync/model-trust.ts";
import type { Behind } from "./behind.ts";

/** Folder of the host where the user names none. */
export const defaultFolder = "./fleet";

/** How a running host is reached, for `host add` in another process, and where its objects are, for `host list`. */
export interface Reached {
  url: string;
  fingerprint: string | null;
  /** Null: in its folder. */
  store?: Behind | null;
}

const reachedFile = (folder: string) => join(folder, ownFolder, "address.json");
const trustFile = (folder: string) => join(folder, ownFolder, "trust.json");

/** Far more than an address or the keys of a thousand groups take. */
const mostBytes = 1 << 18;

function readJson(path: string): unknown {
  return existsSync(path) ? JSON.parse(readNamedText(path, mostBytes)) : null;
}

function writeJson(path: string, value: object): void {
  writeFileDurablySync(path, [Buffer.from(`${JSON.stringify(value)}\n`)]);
}

/** Null: the host was never started. */
export const readReached = (folder: string): Reached | null =>
  readJson(reachedFile(folder)) as Reached | null;

export const writeReached = (folder: string, reached: Reached): void =>
  writeJson(reachedFile(folder), reached);

/** The public key that has signed the models of a group in this folder; null where none was published from here. */
export function readTrust(folder: string, group: string): string | null {
  const found = readJson(trustFile(folder)) as Record<string, unknown> | null;
  const trust = found !== null && Object.hasOwn(found, group) ? found[group] : null;
  return typeof trust === "string" && isModelTrust(trust) ? trust : null;
}

/** Remembers whose models a group has, for the block that `host add` prints. */
export function writeTrust(folder: string, group: string, trust: string): void {
  const found = (readJson(trustFile(folder)) ?? {}) as Record<string, unknown>;
  if (found[group] !== trust) writeJson(trustFile(folder), { ...found, [group]: trust });
}
