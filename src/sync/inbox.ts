/** The folder in which fetched models wait for the daemon, beside its checkpoints. */
import fs from "node:fs";
import { join } from "node:path";
import { removeSync } from "../checkpoint/durable-file.ts";

/** A model file that waits. */
export interface WaitingModel {
  path: string;
  version: number;
  /** The first 16 hexadecimal digits of its SHA-256. */
  digest: string;
}

const waitingName = /^(\d{9})-([0-9a-f]{16})\.msgpack$/;

export const inboxOf = (directory: string): string => join(directory, "inbox");

/** The name of a model file in the inbox. */
export const waitingNameOf = (version: number, sha256: string): string =>
  `${String(version).padStart(9, "0")}-${sha256.slice(0, 16)}.msgpack`;

/** The models that wait beside the checkpoints of a folder, the oldest version first; none where there is no inbox. */
export function waitingModels(directory: string): WaitingModel[] {
  const inbox = inboxOf(directory);
  return namesIn(inbox).flatMap((name) => {
    const [, version, digest] = waitingName.exec(name) ?? [];
    return digest === undefined ? [] : [{ path: join(inbox, name), version: Number(version), digest }];
  });
}

/** Removes the models below a version, and what was left half written of them. Best effort: what stays is passed over. */
export function removeWaiting(directory: string, below: number): void {
  const inbox = inboxOf(directory);
  try {
    for (const name of namesIn(inbox)) {
      const [, version] = waitingName.exec(name.replace(/\.tmp$/, "")) ?? [];
      if (version !== undefined && Number(version) < below) removeSync(join(inbox, name));
    }
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
