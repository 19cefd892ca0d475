import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { diskError } from "../checkpoint/disk-error.ts";
import type { Config } from "../config/config.ts";
import { readSyncPart, type SyncPart } from "../config/sync-part.ts";
import { RivuletError } from "../errors/errors.ts";
import { standardError } from "../machine/output.ts";
import { credentialsFrom } from "../sync/client/credentials.ts";
import { createObjectStore, type ObjectStore } from "../sync/client/object-store.ts";
import { createSyncLock, dueCheckpoints, type SendOutcome, sendCheckpoints } from "../sync/client/send.ts";
import type { SyncConfig } from "../sync/sync-config.ts";
import { formatCount, formatSize } from "../wording/quantities.ts";
import type { Invocation, Report } from "./command-line/command.ts";
import type { ModelsReport } from "./sync/models.ts";

/** A run without progress for this long hangs, and one that takes this long in all as well. */
const longestPauseMs = 120_000;
const longestMs = 60 * 60_000;

/** Sends the checkpoints of a config to its host, once. */
export async function run({ positionals: [file], switches }: Invocation): Promise<Report> {
  const part = readSyncPart(file) ?? (await checkedPart(file));
  const { sync, directory } = part;
  const whole = () => loadWhole(file);
  if (switches.has("dry-run")) return dryRun(part, whole);
  createFolder(directory);
  const lock = createSyncLock(directory);
  try {
    lock.hold();
  } catch (error) {
    if (!(error instanceof RivuletError) || error.code !== "checkpoint.in-use") throw error;
    return {
      data: { running: true },
      text: "another rivulet sync is at work for this folder; nothing to do",
    };
  }
  const watch = endWithoutProgress();
  let store: ObjectStore | undefined;
  try {
    store = storeOf(sync, watch.progress);
    if (switches.has("restore")) {
      const { restore } = await import("./sync/restore.ts");
      return await restore(await whole(), sync, store);
    }
    const version = packageVersion();
    const outcome = await sendCheckpoints({ directory, config: sync, store, version });
    const { models } = sync;
    if (models === null || outcome.failure !== null) return report(sync, outcome, null);
    const { lookForModel } = await import("./sync/models.ts");
    return report(sync, outcome, await lookForModel(directory, { ...sync, models }, store, whole));
  } finally {
    watch.stop();
    store?.close();
    lock.release();
  }
}

/** A config whose keys about sync are not valid, or missing. @throws RivuletError with a line for each of its errors */
async function checkedPart(file: string): Promise<SyncPart> {
  const { sync, checkpoint } = await loadWhole(file);
  if (sync !== null) return { sync, directory: checkpoint.directory };
  throw new RivuletError(
    "sync.no-config",
    `${file} has no key sync, expected the host that checkpoints are sent to; rivulet host add NAME prints it`,
    { file, path: "sync" },
  );
}

/** For what plans a learner. */
async function loadWhole(file: string): Promise<Config> {
  const { loadConfig } = await import("../config/config.ts");
  return loadConfig(file);
}

const storeOf = (sync: SyncConfig, progress: () => void): ObjectStore =>
  createObjectStore({
    to: sync.to,
    credentials: credentialsFrom(sync.credentials),
    region: sync.region,
    fingerprint: sync.fingerprint,
    progress,
    note: (sentence) => standardError.write(`rivulet: ${sentence}\n`),
  });

/** A new card, or a daemon that has not begun, has no folder yet. */
function createFolder(directory: string): void {
  try {
    mkdirSync(directory, { recursive: true });
  } catch (error) {
    throw diskError(error, `cannot use the checkpoint folder ${directory}`, directory);
  }
}

async function dryRun(part: SyncPart, whole: () => Promise<Config>): Promise<Report> {
  const { sync, directory } = part;
  // A daemon that has not begun has no folder yet.
  const due = existsSync(directory) ? dueCheckpoints(directory, sync).map(({ path }) => path) : [];
  const models = await modelsOfDryRun(part, whole);
  return {
    data: {
      ...{ to: sync.to, device: sync.device, dryRun: true, due },
      ...(models === null ? {} : { models: models.data }),
    },
    text: [
      `would send ${formatCount(due.length, "checkpoint")} as ${sync.device} to ${sync.to}, newest first; nothing was sent`,
      ...due.map((path) => `    ${path}`),
      ...(models?.lines ?? []),
    ].join("\n"),
  };
}

/** Which model would come; for that alone a dry run asks the host. */
async function modelsOfDryRun(
  { sync, directory }: SyncPart,
  whole: () => Promise<Config>,
): Promise<ModelsReport | null> {
  const { models } = sync;
  if (models === null) return null;
  const watch = endWithoutProgress();
  const store = storeOf(sync, watch.progress);
  try {
    const { lookForModel } = await import("./sync/models.ts");
    return await lookForModel(directory, { ...sync, models }, store, whole, { dryRun: true });
  } finally {
    watch.stop();
    store.close();
  }
}

function report({ to, device }: SyncConfig, outcome: SendOutcome, models: ModelsReport | null): Report {
  const { sent, waiting, dropped, refused, sharedName, status, failure } = outcome;
  const sentBytes = sent.reduce((sum, { bytes }) => sum + bytes, 0);
  const lines = [
    sent.length === 0
      ? "nothing new to send"
      : `sent ${formatCount(sent.length, "checkpoint")} (${formatSize(sentBytes)}) as ${device} to ${to}`,
    ...(status === null ? [] : [`the host knows ${status.newest?.samplesSeen ?? 0} samples of this device`]),
    ...(waiting > 0 ? [`${formatCount(waiting, "checkpoint")} waiting`] : []),
    ...(dropped > 0
      ? [`${formatCount(dropped, "checkpoint")} deleted before they could be sent, since the first run`]
      : []),
    ...refused.map((sentence) => `not sent: ${sentence}`),
  ];
  if (sharedName !== null) lines.push(sharedName);
  // What arrived counts; the rest waits for the next run.
  const failed = failure !== null && sent.length === 0;
  if (failed) throw failure;
  if (failure !== null) lines.push(`stopped early: ${failure.message}`);
  lines.push(...(models?.lines ?? []));
  return {
    data: {
      ...{ to, device, sent, waiting, dropped, refused, sharedName, status },
      failure: failure?.message ?? null,
      ...(models === null ? {} : { models: models.data }),
    },
    text: lines.join("\n"),
  };
}

/** Ends the process when no byte has moved for long: a run never waits for ever, whatever hangs. */
function endWithoutProgress(): { progress(): void; stop(): void } {
  const beganAt = performance.now();
  let movedAt = beganAt;
  const timer = setInterval(() => {
    const now = performance.now();
    if (now - movedAt < longestPauseMs && now - beganAt < longestMs) return;
    standardError.write("rivulet: the host makes no progress; given up, the next run continues\n");
    process.exit(1);
  }, 1000);
  timer.unref();
  return {
    progress() {
      movedAt = performance.now();
    },
    stop: () => clearInterval(timer),
  };
}

function packageVersion(): string {
  const manifest = readFileSync(new URL("../../package.json", import.meta.url), "utf8");
  return (JSON.parse(manifest) as { version: string }).version;
}
