import {
  copyFileSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { listCheckpoints } from "../../src/checkpoint/checkpoint-names.ts";
import { decodeCheckpoint, encodeCheckpoint } from "../../src/checkpoint/format.ts";
import { openStore } from "../../src/checkpoint/store.ts";
import type { ObjectStoreOptions } from "../../src/sync/client/object-store.ts";
import { sendCheckpoints } from "../../src/sync/client/send.ts";
import { decodeStatus } from "../../src/sync/device-status.ts";
import { checkpointFolder, statusKey } from "../../src/sync/names.ts";
import type { SyncConfig } from "../../src/sync/sync-config.ts";
import { keepUnsent, removeSyncRecord } from "../../src/sync/sync-record.ts";
import { sampleCheckpoint } from "../checkpoint/sample.ts";
import { folderWith } from "../rivulet.ts";
import { saveCheckpoints } from "./checkpoints.ts";
import { clientOf, startHost, type TestHost } from "./running-host.ts";
import { openDoor } from "./store-door.ts";

const configFor = (to: string, backlog = 24): SyncConfig => ({
  to,
  device: "pump-7",
  credentials: { secretFile: "/nowhere", keyId: "pump-7" },
  region: "us-east-1",
  fingerprint: null,
  everyMs: 3_600_000,
  backlog,
  models: null,
});

async function send(
  host: TestHost,
  directory: string,
  { backlog = 24, to = host.to, ...options }: Partial<ObjectStoreOptions> & { backlog?: number } = {},
) {
  const store = clientOf(host, "pump-7", { to, ...options });
  try {
    return await sendCheckpoints({ directory, config: configFor(host.to, backlog), store, version: "1.2.3" });
  } finally {
    store.close();
  }
}

const there = ({ folder }: TestHost) => {
  try {
    return readdirSync(join(folder, checkpointFolder("pump-7"))).sort();
  } catch {
    return [];
  }
};
const statusAt = ({ folder }: TestHost) => decodeStatus(readFileSync(join(folder, statusKey("pump-7"))));
/** Samples that a checkpoint had learned from. */
const samplesOf = (path: string) => decodeCheckpoint(readFileSync(path), path).samplesSeen;

test("sends what the folder holds, once, and tells how the device does", async () => {
  const host = await startHost();
  const directory = folderWith();
  saveCheckpoints(directory, 3);
  const first = await send(host, directory);
  expect(first).toMatchObject({ waiting: 0, dropped: 0, failure: null, refused: [] });
  expect(first.sent.map(({ path }) => path)).toEqual(
    listCheckpoints(directory)
      .reverse()
      .map(({ path }) => path),
  );
  for (const { path, key } of first.sent)
    expect(readFileSync(join(host.folder, key))).toEqual(readFileSync(path));
  expect(statusAt(host)).toMatchObject({
    device: "pump-7",
    counter: 1,
    rivulet: "1.2.3",
    every: 3_600_000,
    newest: { key: first.sent[0].key, samplesSeen: samplesOf(first.sent[0].path) },
    report: { skill: 0.5, accuracy: 0.9, lost: 3 },
    sync: { sent: 3, waiting: 0, dropped: 0, problem: null },
  });
  saveCheckpoints(directory, 1, { first: 4 });
  const second = await send(host, directory);
  expect(second.sent).toHaveLength(1);
  expect(statusAt(host)).toMatchObject({ counter: 2, sync: { sent: 4 } });
  expect((await send(host, directory)).sent).toEqual([]);
});

test("losing what it remembers costs only requests", async () => {
  const host = await startHost();
  const directory = folderWith();
  saveCheckpoints(directory, 3);
  await send(host, directory);
  const before = there(host);
  removeSyncRecord(directory);
  const again = await send(host, directory);
  expect(again.sent.map(({ isNew }) => isNew)).toEqual([false, false, false]);
  expect(there(host)).toEqual(before);
  expect(statusAt(host)?.counter).toBe(2);
});

describe("while the host is away", () => {
  test("the newest of a thousand checkpoints wait, the rest is counted, and all that wait arrive in order", async () => {
    const host = await startHost();
    const directory = folderWith();
    saveCheckpoints(directory, 1);
    await send(host, directory);
    const away = await send(host, directory, { to: "http://127.0.0.1:9/fleet" });
    expect(away.failure).toMatchObject({
      code: "sync.unreachable",
      message: "cannot reach http://127.0.0.1:9: nothing listens there",
    });
    saveCheckpoints(directory, 1000, { first: 2, spare: keepUnsent(directory, 24) });
    expect(listCheckpoints(directory)).toHaveLength(24);
    const back = await send(host, directory);
    expect(back.sent.map(({ path }) => samplesOf(path))).toEqual(
      listCheckpoints(directory)
        .reverse()
        .map(({ path }) => samplesOf(path)),
    );
    expect(back.sent).toHaveLength(24);
    expect(back.dropped).toBe(1000 - 24);
    expect(there(host)).toHaveLength(25);
    // What is sent makes room again.
    saveCheckpoints(directory, 1, { first: 1002, spare: keepUnsent(directory, 24) });
    expect(listCheckpoints(directory)).toHaveLength(5);
    expect(await send(host, directory)).toMatchObject({ dropped: 1000 - 24, waiting: 0 });
    expect(statusAt(host)?.sync).toMatchObject({ sent: 26, dropped: 1000 - 24 });
  });

  test("a checkpoint that the daemon deletes meanwhile is counted, not missed", async () => {
    const host = await startHost();
    const directory = folderWith();
    saveCheckpoints(directory, 4);
    await send(host, directory);
    saveCheckpoints(directory, 1, { first: 5 });
    rmSync(listCheckpoints(directory).at(-1)?.path as string);
    saveCheckpoints(directory, 1, { first: 7 });
    expect(await send(host, directory)).toMatchObject({ failure: null });
  });

  test("a daemon that saves and deletes during each upload loses no count", async () => {
    const host = await startHost({ keep: 1000 });
    const directory = folderWith();
    const checkpoints = openStore(directory, { keep: 2, spare: keepUnsent(directory, 6) });
    let saved = 0;
    const save = (count: number) => {
      for (let i = 0; i < count; i++) {
        const report = { skill: 0.5, lost: ++saved, problems: [] };
        checkpoints.saveSync(encodeCheckpoint({ ...sampleCheckpoint(saved), status: report }));
      }
    };
    const door = await openDoor(host, ({ method, url }, _, count) => {
      // From none to more than wait for the host, so that those still to come, and those under way, are deleted.
      if (method === "PUT" && !url?.endsWith("status.json")) save((3 * count) % 10);
      return false;
    });
    save(4);
    for (let run = 1; run <= 20; run++) {
      const outcome = await send(host, directory, { to: door.to, backlog: 6 });
      expect(outcome).toMatchObject({ failure: null, refused: [] });
      expect(there(host).length + outcome.dropped + outcome.waiting).toBe(saved);
      expect(statusAt(host)).toMatchObject({
        newest: { key: outcome.sent[0].key },
        report: { skill: 0.5 },
        sync: { sent: there(host).length, dropped: outcome.dropped, waiting: outcome.waiting, problem: null },
      });
    }
    checkpoints.close();
    const last = await send(host, directory, { backlog: 6 });
    expect([last.waiting, there(host).length + last.dropped]).toEqual([0, saved]);
    expect(last.dropped).toBeGreaterThan(0);
  });

  test("a failure that passes is tried again", async () => {
    const host = await startHost();
    const directory = folderWith();
    saveCheckpoints(directory, 1);
    const door = await openDoor(host, (_, response, count) => {
      if (count === 1) response.writeHead(503).end();
      if (count === 2) response.socket?.destroy();
      return count <= 2;
    });
    const outcome = await send(host, directory, { to: door.to });
    expect([outcome.failure, outcome.sent.length]).toEqual([null, 1]);
  });

  test("an answer that does not come ends the request", async () => {
    const host = await startHost();
    const directory = folderWith();
    saveCheckpoints(directory, 1);
    const door = await openDoor(host, () => true);
    const outcome = await send(host, directory, { to: door.to, silenceMs: 100, retryMs: [] });
    expect(outcome.failure?.message).toMatch(/no byte moved for 0.1 s/);
  });
});

describe("a device's clock", () => {
  test.each([
    ["1970", -56],
    ["2036", 10],
  ])("of %s is corrected by the host's", async (_, years) => {
    const host = await startHost();
    const directory = folderWith();
    saveCheckpoints(directory, 2);
    const notes: string[] = [];
    const outcome = await send(host, directory, {
      clock: () => Date.now() + years * 365 * 86_400_000,
      note: (text: string) => notes.push(text),
      retryMs: [],
    });
    expect([outcome.failure, outcome.sent.length]).toEqual([null, 2]);
    expect(notes).toEqual([expect.stringMatching(/the host's clock differs by -?\d+ s/)]);
  });
});

describe("another store", () => {
  test("that refuses conditions gets the object without one, and is asked once a run", async () => {
    const host = await startHost();
    const directory = folderWith();
    saveCheckpoints(directory, 3);
    const door = await openDoor(host, ({ headers }, response) => {
      if (headers["if-none-match"] !== "*") return false;
      response.writeHead(501).end();
      return true;
    });
    const outcome = await send(host, directory, { to: door.to });
    expect([outcome.failure, outcome.sent.length]).toEqual([null, 3]);
    expect(door.requests.filter(({ headers }) => headers["if-none-match"] === "*")).toHaveLength(1);
    expect(there(host)).toHaveLength(3);
  });

  test("that redirects gets the body once, and none of the key", async () => {
    const host = await startHost();
    const directory = folderWith();
    saveCheckpoints(directory, 1);
    const behind = await openDoor(host, (request, response) => {
      request.resume().on("end", () => response.writeHead(200).end());
      if (request.headers.expect !== undefined) response.writeContinue();
      return true;
    });
    const front = await openDoor(host, ({ url }, response) => {
      response
        .writeHead(307, { location: `${behind.to}${url}?X-Amz-SignedHeaders=content-md5%3Bhost` })
        .end();
      return true;
    });
    const outcome = await send(host, directory, { to: front.to });
    expect(outcome.failure).toBeNull();
    const [put] = behind.requests;
    expect(Object.keys(put.headers).sort()).toEqual([
      "connection",
      "content-length",
      "content-md5",
      "expect",
      "host",
    ]);
    expect(front.requests.map(({ bodyBytes }) => bodyBytes)).toEqual(front.requests.map(() => 0));
  });

  test("that redirects to a protocol without protection is not followed", async () => {
    const host = await startHost();
    const directory = folderWith();
    saveCheckpoints(directory, 1);
    const door = await openDoor(host, (_, response) => {
      response.writeHead(307, { location: "ftp://127.0.0.1/x" }).end();
      return true;
    });
    const outcome = await send(host, directory, { to: door.to });
    expect(outcome.failure?.message).toMatch(
      /redirects to ftp:\/\/127.0.0.1, expected the same protocol or https/,
    );
  });

  test("that says why it refuses is quoted in printable text", async () => {
    const host = await startHost();
    const directory = folderWith();
    saveCheckpoints(directory, 1);
    const door = await openDoor(host, (_, response) => {
      response.writeHead(400).end("<Error><Code>Odd</Code><Message>no \u001b[31m way</Message></Error>");
      return true;
    });
    const outcome = await send(host, directory, { to: door.to });
    expect(outcome.failure?.message).toMatch(/refuses PUT .*status 400, Odd, no \\x1b\[31m way/);
  });
});

test("a key that the host does not know any more is said in one sentence", async () => {
  const host = await startHost();
  const directory = folderWith();
  saveCheckpoints(directory, 1);
  host.registry.revoke("pump-7");
  const outcome = await send(host, directory);
  expect(outcome.failure?.message).toMatch(/refuses the key .*revoked.*rivulet host add/);
  expect(outcome.waiting).toBe(1);
  expect(there(host)).toEqual([]);
});

test("a damaged checkpoint is never sent, is told of, and does not stop the others", async () => {
  const host = await startHost();
  const directory = folderWith();
  saveCheckpoints(directory, 3);
  const [, middle, newest] = listCheckpoints(directory);
  truncateSync(newest.path, 500);
  writeFileSync(middle.path, readFileSync(middle.path).fill(7, 300, 301));
  const outcome = await send(host, directory);
  expect(outcome.sent).toHaveLength(1);
  expect(outcome.refused).toEqual([
    expect.stringContaining("is truncated"),
    expect.stringContaining("is damaged"),
  ]);
  expect(statusAt(host)?.sync).toMatchObject({
    sent: 1,
    waiting: 0,
    problem: expect.stringContaining("is damaged"),
  });
  expect((await send(host, directory)).refused).toEqual([]);
});

test("a folder that was begun anew is sent from its first checkpoint on", async () => {
  const host = await startHost();
  const directory = folderWith();
  saveCheckpoints(directory, 8);
  await send(host, directory);
  for (const { path } of listCheckpoints(directory)) rmSync(path);
  saveCheckpoints(directory, 2, { first: 20 });
  expect((await send(host, directory)).sent).toHaveLength(2);
});

test("another host gets everything", async () => {
  const [one, other] = [await startHost(), await startHost()];
  const directory = folderWith();
  saveCheckpoints(directory, 2);
  await send(one, directory);
  expect((await send(other, directory)).sent).toHaveLength(2);
});

test("a new card without the old one's memory continues the count of documents", async () => {
  const host = await startHost();
  const directory = folderWith();
  saveCheckpoints(directory, 1);
  for (let i = 0; i < 3; i++) await send(host, directory);
  const card = folderWith();
  mkdirSync(card, { recursive: true });
  copyFileSync(listCheckpoints(directory)[0].path, join(card, "checkpoint-00000001.msgpack"));
  await send(host, card);
  expect(statusAt(host)?.counter).toBe(4);
});
