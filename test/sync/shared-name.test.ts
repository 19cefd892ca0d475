import {
  copyFileSync,
  cpSync,
  readdirSync,
  readFileSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { listCheckpoints } from "../../src/checkpoint/checkpoint-names.ts";
import { restoreCheckpoint } from "../../src/sync/client/restore.ts";
import { sendCheckpoints } from "../../src/sync/client/send.ts";
import { decodeStatus } from "../../src/sync/device-status.ts";
import { Fleet } from "../../src/sync/host/fleet.ts";
import { ObjectFolder } from "../../src/sync/host/object-folder.ts";
import { fleetCells } from "../../src/sync/host/page.ts";
import { checkpointFolder, statusKey } from "../../src/sync/names.ts";
import { noteSender } from "../../src/sync/shared-name.ts";
import type { SyncConfig } from "../../src/sync/sync-config.ts";
import { readSyncRecord } from "../../src/sync/sync-record.ts";
import { readSyncState } from "../../src/sync/sync-state.ts";
import { folderWith } from "../rivulet.ts";
import { until } from "../until.ts";
import { saveCheckpoints } from "./checkpoints.ts";
import { clientOf, startHost, type TestHost } from "./running-host.ts";

const hour = 3_600_000;
const told =
  "another board sends as pump-7 too, or this one did before its card was put back: after copying a card, give the copy a name of its own with rivulet host add";

const configFor = (to: string, everyMs = hour): SyncConfig => ({
  ...{
    to,
    device: "pump-7",
    region: "us-east-1",
    fingerprint: null,
    everyMs,
    backlog: 24,
    models: null,
  },
  credentials: { secretFile: "/nowhere", keyId: "pump-7" },
});

async function run(host: TestHost, directory: string, everyMs = hour) {
  const store = clientOf(host, "pump-7");
  const config = configFor(host.to, everyMs);
  const outcome = await sendCheckpoints({ directory, config, store, version: "1.2.3" });
  store.close();
  return outcome;
}

async function send(host: TestHost, directory: string, everyMs = hour) {
  const { failure, status } = await run(host, directory, everyMs);
  expect(failure).toBeNull();
  return status?.sync ?? null;
}

/** Restores onto a new card. */
async function restore(host: TestHost, directory: string) {
  const store = clientOf(host, "pump-7");
  const outcome = await restoreCheckpoint({ directory, store, config: configFor(host.to), accept: () => {} });
  store.close();
  return outcome;
}

const statusAt = ({ folder }: TestHost) => decodeStatus(readFileSync(join(folder, statusKey("pump-7"))));
const there = ({ folder }: TestHost) => readdirSync(join(folder, checkpointFolder("pump-7")));

/** A board that has sent, and one with a copy of its card. */
async function copiedCard(host: TestHost): Promise<[board: string, copy: string]> {
  const [board, copy] = [folderWith(), folderWith()];
  saveCheckpoints(board, 1);
  expect(await send(host, board)).toMatchObject({ problem: null });
  cpSync(board, copy, { recursive: true });
  return [board, copy];
}

test("of two boards with one name both say so, at the host as well, and no checkpoint of either is deleted there", async () => {
  const host = await startHost({ keep: 2 });
  const [board, copy] = await copiedCard(host);
  for (let run = 0; run < 4; run++) {
    // The one learned for longer, so that what the other one has learned is no later part of its life.
    saveCheckpoints(board, 1, { first: 500 + run });
    const own = await send(host, board);
    if (run > 0) expect(own).toMatchObject({ problem: told, isShared: true });
    saveCheckpoints(copy, 1, { first: 2 + run });
    expect(await send(host, copy)).toMatchObject({ problem: told, isShared: true });
  }
  await until(() => host.log.length === 9);
  expect(there(host)).toHaveLength(1 + 4 + 4);
  const [row] = await new Fleet(new ObjectFolder(host.folder, { isReadOnly: true })).rows(Date.now());
  expect(fleetCells(row, Date.now()).at(-1)).toBe(told);
  expect(host.log.at(-1)).toContain(told);
  const config = configFor(host.to);
  expect(readSyncState(board, config).problem).toBe(told);
});

test("a board whose copy has a name of its own says for two days when it noticed, and then makes room again", async () => {
  const host = await startHost({ keep: 2 });
  const [board, copy] = await copiedCard(host);
  const everyMs = 12 * hour;
  await send(host, copy);
  saveCheckpoints(board, 3, { first: 2 });
  await send(host, board);
  expect((await send(host, board))?.problem).toMatch(
    /card was put back \(noticed 1 run ago\): after copying/,
  );
  for (let run = 2; run < 4; run++) await send(host, board, everyMs);
  expect(there(host)).toHaveLength(4);
  expect(await send(host, board, everyMs)).toEqual({ sent: 4, waiting: 0, dropped: 0, problem: null });
  // The host makes room after its answer.
  await until(() => there(host).length === 2);
});

test("a copy that sends more rarely is not refused for the number of its documents", async () => {
  const host = await startHost();
  const [board, copy] = await copiedCard(host);
  for (let run = 0; run < 5; run++) await send(host, board);
  expect(await send(host, copy)).toMatchObject({ isShared: true });
  expect(statusAt(host)?.counter).toBe(7);
});

test("a new card does not take the board before for another one, unless that goes on sending", async () => {
  const host = await startHost();
  const [board] = await copiedCard(host);
  const card = folderWith();
  expect(await restore(host, card)).toMatchObject({ isShared: false });
  expect(await send(host, card)).toMatchObject({ problem: null });
  expect(await send(host, card)).toMatchObject({ problem: null });
  expect(await send(host, board)).toMatchObject({ isShared: true });
  expect(await send(host, card)).toMatchObject({ isShared: true });
  expect(await restore(host, folderWith())).toMatchObject({ isShared: true });
});

test("a board without what it remembered takes over, unless two are known to send", async () => {
  const host = await startHost();
  const [board, copy] = await copiedCard(host);
  const forgetful = () => {
    const card = folderWith();
    copyFileSync(listCheckpoints(board)[0].path, join(card, "checkpoint-00000001.msgpack"));
    return card;
  };
  expect(await send(host, forgetful())).toMatchObject({ problem: null });
  expect(await send(host, copy)).toMatchObject({ isShared: true });
  expect(await send(host, forgetful())).toMatchObject({ problem: told, isShared: true });
});

test("a card that is restored while two boards share a name costs neither its checkpoints", async () => {
  const host = await startHost({ keep: 2 });
  const [board, copy] = await copiedCard(host);
  for (let each = 0; each < 3; each++) {
    saveCheckpoints(copy, 1, { first: 500 + each });
    await send(host, copy);
    saveCheckpoints(board, 1, { first: 2 + each });
    await send(host, board);
  }
  const before = there(host);
  expect(before).toHaveLength(7);
  const card = folderWith();
  await restore(host, card);
  expect(await send(host, card)).toMatchObject({ isShared: true });
  // What this host does after its answer is over once its line is written.
  await until(() => host.log.length === 8);
  expect(there(host)).toEqual(before);
});

test("of so many checkpoints that one is refused, the status makes room for those that arrived last", async () => {
  const host = await startHost({ keep: 2 });
  const [board, copy] = await copiedCard(host);
  await send(host, copy);
  saveCheckpoints(board, 1, { first: 2 });
  const newest = (await run(host, board)).sent[0].key.split("/").at(-1);
  const fillers = Array.from({ length: 2048 }, (_, index) => `${1e11 + index}-${"0".repeat(16)}.msgpack`);
  for (const [index, name] of fillers.entries()) {
    const path = join(host.folder, checkpointFolder("pump-7"), name);
    writeFileSync(path, "");
    if (index < 1000) utimesSync(path, 1e9, 1e9);
  }
  saveCheckpoints(board, 1, { first: 3 });
  const outcome = await run(host, board);
  expect(outcome.failure?.message).toMatch(/status 409.* 2050 checkpoints of pump-7, and room is made once/);
  expect(outcome.status?.sync.problem).toContain(outcome.failure?.message);
  expect(outcome.waiting).toBe(1);
  await until(() => host.log.some((line) => line.includes("room is made once")) && there(host).length < 1030);
  await until(() => there(host).length === 2 + 1024 + 1);
  expect(there(host)).toContain(newest);
  expect(there(host)).not.toContain(fillers[999]);
  expect(await send(host, board)).toMatchObject({ waiting: 0, isShared: true });
});

test("a checkpoint that is damaged is shown beside another board", async () => {
  const host = await startHost();
  const [board, copy] = await copiedCard(host);
  await send(host, copy);
  saveCheckpoints(board, 1, { first: 2 });
  truncateSync(listCheckpoints(board)[1].path, 500);
  await run(host, board);
  expect(statusAt(host)?.sync.problem).toMatch(
    /^another board sends as pump-7 too.*host add; .*is truncated/,
  );
});

test("a board alone is no other one after many documents that never arrived", async () => {
  const host = await startHost();
  const [board] = await copiedCard(host);
  host.registry.revoke("pump-7");
  for (let each = 0; each < 9; each++) expect((await run(host, board)).failure?.code).toBe("sync.refused");
  host.registry.add("pump-7");
  expect(await send(host, board)).toMatchObject({ problem: null });
  // A host that can be read, and not written.
  const record = readSyncRecord(board, host.to, "pump-7");
  const last = statusAt(host);
  for (let each = 0; each < 9; each++) noteSender(record, last, { id: `${each}`, everyMs: hour });
  expect(record.sharedRuns).toBeUndefined();
});

test("a document that arrives late, after a newer one, is known as its own", () => {
  const record = readSyncRecord("/nowhere", "to", "pump-7");
  const status = (id: string) => ({ id }) as NonNullable<ReturnType<typeof decodeStatus>>;
  for (let run = 0; run < 8; run++)
    noteSender(record, run === 0 ? null : status(`${run - 1}`), { id: `${run}`, everyMs: hour });
  noteSender(record, status("1"), { id: "8", everyMs: hour });
  expect(record.sharedRuns).toBeUndefined();
  noteSender(record, status("f"), { id: "9", everyMs: hour });
  expect(record.sharedRuns).toBe(0);
  expect(record.ids).toEqual(["2", "3", "4", "5", "6", "7", "8", "9"]);
});
