/** Fetches what a device has learned from its host, onto a new card. */
import fs from "node:fs";
import { diskError } from "../../checkpoint/disk-error.ts";
import { openStore } from "../../checkpoint/store.ts";
import { CheckpointError, RivuletError } from "../../errors/errors.ts";
import type { DeviceStatus } from "../device-status.ts";
import { checkpointFacts, checkpointFolder, newestFirst } from "../names.ts";
import { sha256Of } from "../signature.ts";
import type { SyncConfig } from "../sync-config.ts";
import { readSyncRecord, writeSyncRecord } from "../sync-record.ts";
import type { ObjectStore } from "./object-store.ts";
import { mostCheckpointBytes, statusAt } from "./send.ts";

export interface RestoreOptions {
  /** Folder of the checkpoints: missing or empty. */
  directory: string;
  config: SyncConfig;
  store: ObjectStore;
  /** Throws RivuletError where the bytes are no checkpoint that the config continues from. */
  accept: (bytes: Uint8Array, where: string) => void;
}

export interface RestoreOutcome {
  path: string;
  key: string;
  samplesSeen: number;
  /** Newer ones that cannot be used, each with its reason. */
  refused: string[];
  /** Whether another board sends under this name: the checkpoint may be its own. */
  isShared: boolean;
}

/**
 * Writes the newest checkpoint of the device that can be continued from into an empty folder.
 * @throws RivuletError where the folder is not empty, the host cannot be reached, or it has no such checkpoint
 */
export async function restoreCheckpoint(options: RestoreOptions): Promise<RestoreOutcome> {
  const { directory, config, store, accept } = options;
  requireEmpty(directory);
  const refused: string[] = [];
  const status = await statusAt(store, config.device);
  const keys = await candidates(store, config.device, status);
  for (const key of keys) {
    const bytes = await fetchChecked(store, key, accept, refused);
    if (bytes === null) continue;
    const path = write(directory, bytes);
    const record = readSyncRecord(directory, config.to, config.device);
    const digest = checkpointFacts(key)?.digest ?? "";
    const isShared = status?.sync.isShared === true;
    writeSyncRecord(directory, {
      ...{ ...record, counter: status?.counter ?? 0, done: { 1: digest } },
      // So that the board before is noticed where it goes on sending.
      ...(status?.id === undefined ? {} : { arrived: status.id }),
      ...(isShared ? { sharedRuns: 0 } : {}),
    });
    const samplesSeen = checkpointFacts(key)?.samplesSeen ?? 0;
    return { path, key, samplesSeen, refused, isShared };
  }
  const why = refused.length === 0 ? "" : ` (${refused.join("; ")})`;
  throw new RivuletError(
    "sync.restore",
    `the host has no valid checkpoint of ${config.device}${why}; see rivulet host list for the devices that it knows`,
  );
}

function requireEmpty(directory: string): void {
  let names: string[];
  try {
    names = fs.existsSync(directory) ? fs.readdirSync(directory) : [];
  } catch (error) {
    throw diskError(error, `cannot restore into ${directory}`, directory);
  }
  const found = names.filter((name) => name !== "sync.lock");
  if (found.length === 0) return;
  throw new RivuletError(
    "sync.restore",
    `found ${found.slice(0, 3).join(", ")} in ${directory}, expected an empty folder; move them away, or name another checkpoint.directory`,
  );
}

/** Names of the device's checkpoints, the newest first. */
async function candidates(
  store: ObjectStore,
  device: string,
  status: DeviceStatus | null,
): Promise<string[]> {
  const folder = checkpointFolder(device);
  const newest = status?.newest?.key.startsWith(folder) ? status.newest.key : null;
  // A list may lack what is there; what the document names is asked for in any case.
  const listed = (await store.list(folder)).filter((key) => checkpointFacts(key) !== null);
  return newestFirst(newest === null || listed.includes(newest) ? listed : [...listed, newest], newest);
}

async function fetchChecked(
  store: ObjectStore,
  key: string,
  accept: RestoreOptions["accept"],
  refused: string[],
): Promise<Buffer | null> {
  const found = await store.get(key, { mostBytes: mostCheckpointBytes });
  if (found === null || found === "unchanged") {
    refused.push(`${key} is not there`);
    return null;
  }
  if (!sha256Of(found.body).startsWith(checkpointFacts(key)?.digest ?? "none")) {
    refused.push(`${key} has another content than its name says`);
    return null;
  }
  try {
    accept(found.body, key);
    return found.body;
  } catch (error) {
    if (
      !(error instanceof CheckpointError) &&
      !(error instanceof RivuletError && error.code === "checkpoint.mismatch")
    )
      throw error;
    refused.push(error.message);
    return null;
  }
}

function write(directory: string, bytes: Buffer): string {
  const checkpoints = openStore(directory);
  try {
    return checkpoints.saveSync([bytes]).path;
  } finally {
    checkpoints.close();
  }
}
