/** The folder in which fetched models wait for the daemon, beside its checkpoints. */
import fs from "node:fs";
import { join } from "node:path";
import { removeSync } from "../checkpoint/durable-file.ts";
import { sha256Hex } from "../checkpoint/sha256.ts";
import { versionText } from "./names.ts";
import type { ModelsConfig } from "./sync-config.ts";

/** A model file that waits. */
export interface WaitingModel {
  path: string;
  version: number;
  /** The first 16 hexadecimal digits of its SHA-256. */
  digest: string;
}

/** Whose models a device takes: those for a group, signed by one key. */
export type ModelSource = Pick<ModelsConfig, "group" | "trust">;

/** Version, digest, and the mark of the source. */
const waitingName = /^(\d{9})-([0-9a-f]{16})-([0-9a-f]{8})\.msgpack$/;
/** A model of whatever source, whole or half written. */
const anyName = /^\d{9}-[0-9a-f]{16}(-[0-9a-f]{8})?\.msgpack(\.tmp)?$/;

export const inboxOf = (directory: string): string => join(directory, "inbox");

/** The name of a model file in the inbox. */
export const waitingNameOf = (version: number, sha256: string, source: ModelSource): string =>
  `${versionText(version)}-${sha256.slice(0, 16)}-${sourceMark(source)}.msgpack`;

/**
 * Tells the models of a group and key from others. In the name, because a config changes while a model waits: what another
 * key has signed is not for the new group. Versions are counted for each: an owner whose key is lost starts at 1 again.
 */
export const sourceMark = ({ group, trust }: ModelSource): string =>
  sha256Hex(Buffer.from(`${group}\0${trust}`)).slice(0, 8);

/** The models of a source that wait beside the checkpoints of a folder, the oldest version first. */
export function waitingModels(directory: string, source: ModelSource): WaitingModel[] {
  const inbox = inboxOf(directory);
  const names = namesIn(inbox);
  if (names.length === 0) return [];
  const own = sourceMark(source);
  return names.flatMap((name) => {
    const [, version, digest, mark] = waitingName.exec(name) ?? [];
    return mark === own ? [{ path: join(inbox, name), version: Number(version), digest }] : [];
  });
}

/** Removes the models of a source below a version, and what was left half written of them. Best effort: what stays is passed over. */
export function removeWaiting(directory: string, source: ModelSource, below: number): void {
  const own = sourceMark(source);
  removeNames(directory, (name) => {
    const [, version, , mark] = waitingName.exec(name.replace(/\.tmp$/, "")) ?? [];
    return mark === own && Number(version) < below;
  });
}

/**
 * Removes the models of all other sources. For whoever fetches: a daemon that still runs with the config of before would
 * remove what was fetched for the next one. Best effort: what stays is passed over.
 */
export function removeOfOthers(directory: string, source: ModelSource): void {
  const own = sourceMark(source);
  removeNames(
    directory,
    (name) => anyName.test(name) && waitingName.exec(name.replace(/\.tmp$/, ""))?.[3] !== own,
  );
}

function removeNames(directory: string, isUnwanted: (name: string) => boolean): void {
  const inbox = inboxOf(directory);
  try {
    for (const name of namesIn(inbox)) if (isUnwanted(name)) removeSync(join(inbox, name));
  } catch {} // whoever writes into the folder says what is wrong with it
}

function namesIn(folder: string): string[] {
  try {
    return fs.readdirSync(folder).sort();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw error;
  }
}
