import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { decodeCheckpoint, encodeCheckpoint } from "../../src/checkpoint/format.ts";
import { openStore } from "../../src/checkpoint/store.ts";
import { type PublishedDescription, readModel, requireFitting } from "../../src/continuing/model-file.ts";
import { fetchModel, type ModelChecks } from "../../src/sync/client/fetch-model.ts";
import { publishModel, rollbackModel } from "../../src/sync/client/publish.ts";
import { sendCheckpoints } from "../../src/sync/client/send.ts";
import { openModelFolder } from "../../src/sync/host/model-folder.ts";
import { sourceMark, waitingNameOf } from "../../src/sync/inbox.ts";
import { encodePointer, type ModelPointer } from "../../src/sync/model-pointer.ts";
import { modelKey, pointerKey } from "../../src/sync/names.ts";
import { sha256Of } from "../../src/sync/signature.ts";
import { sampleCheckpoint } from "../checkpoint/sample.ts";
import { folderWith } from "../rivulet.ts";
import { saveCheckpoints } from "./checkpoints.ts";
import { modelAfter, signingKey } from "./published.ts";
import { clientOf, startHost, type TestHost } from "./running-host.ts";
import { type Answerer, openDoor } from "./store-door.ts";

const key = signingKey();
const group = "pumps";
const [first, second, third] = [10, 20, 30].map((rows) => modelAfter(rows));
type Model = { description: object; bytes: Uint8Array };

/** What the command asks of a model, for a board with the same config. */
const ownChecks: ModelChecks = {
  requireFitting: (found, where) => requireFitting(first.description, found as PublishedDescription, where),
  mostBytes: 1 << 20,
  requireSound: (bytes, where) => void readModel(bytes, where),
};

interface Board {
  host: TestHost;
  directory: string;
  fetch(
    options?: Partial<ModelChecks> & {
      dryRun?: boolean;
      to?: string;
      group?: string;
      trust?: string;
      device?: string;
    },
  ): ReturnType<typeof fetchModel>;
  publish(...models: Model[]): Promise<void>;
  inbox(): string[];
}

async function board(): Promise<Board> {
  const host = await startHost();
  const directory = folderWith();
  return {
    host,
    directory,
    async fetch({
      dryRun,
      to = host.to,
      group: own = group,
      trust = key.trust,
      device = "pump-7",
      ...checks
    } = {}) {
      const store = clientOf(host, "pump-7", { to });
      const credentials = { secretFile: "/nowhere", keyId: "pump-7" };
      const config = {
        ...{ to: host.to, device, credentials, region: "us-east-1", fingerprint: null },
        ...{ everyMs: 60_000, backlog: 24, models: { group: own, trust, sideBySide: 500 } },
      };
      try {
        const options = { directory, config, store, dryRun };
        return await fetchModel({ ...options, checks: async () => ({ ...ownChecks, ...checks }) });
      } finally {
        store.close();
      }
    },
    async publish(...models) {
      const store = openModelFolder(host.folder);
      for (const model of models) await publishModel({ store, group, key, model });
      store.close();
    },
    inbox: () => (existsSync(join(directory, "inbox")) ? readdirSync(join(directory, "inbox")).sort() : []),
  };
}

const nameOf = (version: number, { bytes }: Model, source = { group, trust: key.trust }) =>
  waitingNameOf(version, sha256Of(bytes), source);

/** Puts a pointer at the host by hand, signed by `by`. */
function putPointer(
  { folder }: TestHost,
  change: Partial<ModelPointer>,
  model: Model = first,
  by = key,
): void {
  const pointer: ModelPointer = {
    ...{
      format: "rivulet-model",
      group,
      version: 1,
      sha256: sha256Of(model.bytes),
      bytes: model.bytes.length,
    },
    ...{ description: model.description, base: null, createdAt: "2026-01-31T12:00:00.000Z", id: "00" },
    ...change,
  };
  mkdirSync(join(folder, "models", group), { recursive: true });
  writeFileSync(join(folder, modelKey(group, pointer.sha256)), model.bytes);
  writeFileSync(join(folder, pointerKey(group, pointer.version)), encodePointer(pointer, by.privateKey));
}

test("the newest model of the group reaches the inbox whole, once, and an older one is removed from it", async () => {
  const { host, fetch, publish, inbox, directory } = await board();
  expect(await fetch()).toMatchObject({ version: null, refused: null, known: 0 });
  await publish(first, second);
  expect(await fetch({ dryRun: true })).toMatchObject({ version: 2, path: null });
  expect(inbox()).toEqual([]);
  expect(await fetch()).toMatchObject({ version: 2, known: 2, refused: null });
  expect(inbox()).toEqual([nameOf(2, second)]);
  expect(readFileSync(join(directory, "inbox", nameOf(2, second)))).toEqual(second.bytes);
  const door = await openDoor(host, () => false);
  expect(await fetch({ to: door.to })).toMatchObject({ version: null, known: 2, refused: null });
  expect(door.requests.map(({ line }) => line)).toEqual([
    "GET /fleet/models/pumps/current.json",
    "GET /fleet/models/pumps/000000003.json",
  ]);
  expect(door.requests[0].headers["if-none-match"]).toMatch(/^"/);
  await publish(third);
  expect(await fetch()).toMatchObject({ version: 3 });
  expect(inbox()).toEqual([nameOf(3, third)]);
});

test("a rollback comes as a new version with the older bytes", async () => {
  const { host, fetch, publish, inbox } = await board();
  await publish(first, second);
  await fetch();
  const store = openModelFolder(host.folder);
  await rollbackModel({ store, group, key });
  store.close();
  expect(await fetch()).toMatchObject({ version: 3 });
  expect(inbox()).toEqual([nameOf(3, first)]);
});

test("a publisher that was killed before the hint is found all the same", async () => {
  const { host, fetch, publish } = await board();
  await publish(first);
  await fetch();
  const hint = readFileSync(join(host.folder, "models/pumps/current.json"));
  await publish(second);
  writeFileSync(join(host.folder, "models/pumps/current.json"), hint);
  expect(await fetch()).toMatchObject({ version: 2 });
});

describe("an older version does not come in", () => {
  const forget = (directory: string) => rmSync(join(directory, "sync.json"));

  test("where the small file is lost and the inbox has it", async () => {
    const { fetch, publish, inbox, directory, host } = await board();
    await publish(first, second);
    await fetch();
    forget(directory);
    rmSync(join(host.folder, pointerKey(group, 2)));
    expect(await fetch()).toMatchObject({ version: null, known: 2 });
    expect(inbox()).toEqual([nameOf(2, second)]);
  });

  test("where the small file is lost and the daemon has taken it, as its checkpoint tells", async () => {
    const { fetch, publish, inbox, directory, host } = await board();
    await publish(first, second, third);
    saveWithModel(directory, 2);
    rmSync(join(host.folder, pointerKey(group, 3)));
    writeFileSync(join(host.folder, "models/pumps/current.json"), '{"version":1}');
    expect(await fetch()).toMatchObject({ version: null, known: 2 });
    expect(inbox()).toEqual([]);
    await publish(third);
    expect(await fetch()).toMatchObject({ version: 3 });
  });

  test("where the small file is one of before the newest checkpoint", async () => {
    const { fetch, publish, inbox, directory } = await board();
    await publish(first);
    await fetch();
    rmSync(join(directory, "inbox"), { recursive: true });
    await publish(second);
    saveWithModel(directory, 2);
    expect(await fetch()).toMatchObject({ version: null, known: 2 });
    expect(inbox()).toEqual([]);
  });

  test("of the group before, a number says nothing of another group", async () => {
    const { fetch, publish, inbox, directory, host } = await board();
    await publish(first, second);
    await fetch();
    const store = openModelFolder(host.folder);
    await publishModel({ store, group: "fans", key, model: third });
    store.close();
    saveWithModel(directory, 2);
    expect(await fetch({ group: "fans" })).toMatchObject({ version: 1 });
    expect(inbox()).toEqual([nameOf(1, third, { group: "fans", trust: key.trust })]);
  });

  test("of the key before, a number says nothing of another key, whose owner begins anew at 1", async () => {
    const { fetch, publish, inbox, directory, host } = await board();
    await publish(first, second);
    await fetch();
    saveWithModel(directory, 2);
    // What an owner does whose key is lost: delete what it has signed, and publish with a new one.
    rmSync(join(host.folder, "models"), { recursive: true });
    const renewed = signingKey();
    const store = openModelFolder(host.folder);
    await publishModel({ store, group, key: renewed, model: third });
    store.close();
    expect(await fetch()).toMatchObject({
      version: null,
      known: 2,
      refused: expect.stringMatching(/000000001\.json is not signed by the key that is trusted/),
    });
    const { trust } = renewed;
    expect(await fetch({ trust })).toMatchObject({ version: 1, refused: null });
    expect(inbox()).toEqual([nameOf(1, third, { group, trust })]);
    forget(directory);
    expect(await fetch({ trust })).toMatchObject({ version: null, known: 1 });
  });

  test("of a key that is back, old versions are as old as before, also from a record without their list", async () => {
    const { fetch, publish, inbox, directory, host } = await board();
    await publish(first, second);
    await fetch();
    const other = signingKey();
    const store = openModelFolder(host.folder);
    await publishModel({ store, group: "fans", key: other, model: third });
    const fans = { group: "fans", trust: other.trust };
    expect(await fetch(fans)).toMatchObject({ version: 1 });
    // The newest is withdrawn.
    rmSync(join(host.folder, pointerKey(group, 2)));
    expect(await fetch()).toMatchObject({ version: null, known: 2 });
    expect(inbox()).toEqual([]);
    expect(await fetch(fans)).toMatchObject({ version: null, known: 1 });
    const path = join(directory, "sync.json");
    const { versions, ...earlier } = JSON.parse(readFileSync(path, "utf8"));
    expect(versions).toHaveLength(2);
    writeFileSync(path, JSON.stringify({ ...earlier, versions: "damaged" }));
    expect(await fetch(fans)).toMatchObject({ version: null, known: 1 });
    store.close();
  });

  test("and what waits of another group or key is removed, also where the small file is of another host", async () => {
    const { fetch, publish, inbox, host } = await board();
    await publish(first, second);
    await fetch();
    const fans = signingKey();
    const store = openModelFolder(host.folder);
    await publishModel({ store, group: "fans", key: fans, model: third });
    store.close();
    const source = { group: "fans", trust: fans.trust };
    const renamed = { ...source, device: "fan-1" };
    expect(await fetch({ ...renamed, dryRun: true })).toMatchObject({ version: 1 });
    expect(inbox()).toEqual([nameOf(2, second)]);
    expect(await fetch(renamed)).toMatchObject({ version: 1 });
    expect(inbox()).toEqual([nameOf(1, third, source)]);
    expect(await fetch({ ...renamed, trust: key.trust })).toMatchObject({ version: null });
    expect(inbox()).toEqual([]);
  });
});

/** A daemon saves a checkpoint that tells of the model that it has taken. */
function saveWithModel(directory: string, version: number): void {
  const store = openStore(directory, { keep: 5 });
  const source = sourceMark({ group, trust: key.trust });
  const model = { version, group, source, state: "in use", samples: 10, difference: -0.1 };
  store.saveSync(encodeCheckpoint({ ...sampleCheckpoint(1), status: { model } }));
  store.close();
}

/** The published bytes with one change of state, their digest right. */
function insane(): Model {
  const checkpoint = decodeCheckpoint(first.bytes, "model");
  checkpoint.parameters[0].data[0] = Number.NaN;
  return { description: first.description, bytes: Buffer.concat(encodeCheckpoint(checkpoint)) };
}

describe("refuses in one sentence, changes nothing, and never fetches again", () => {
  const other = modelAfter(10, { names: ["y", "label"] });
  test.each<[string, (host: TestHost) => void, Partial<ModelChecks>, RegExp]>([
    [
      "a wrong signature",
      (host) => putPointer(host, {}, first, signingKey()),
      {},
      /models\/pumps\/000000001.json is not signed by the key that is trusted/,
    ],
    [
      "the pointer of another group",
      (host) => {
        const pointer = {
          group: "fans",
          version: 1,
          sha256: sha256Of(first.bytes),
          bytes: first.bytes.length,
        };
        putPointer(host, pointer);
      },
      {},
      /is a pointer of the group "fans", expected "pumps"/,
    ],
    [
      "an older pointer under a newer name",
      (host) => {
        putPointer(host, { version: 3 });
        const bytes = readFileSync(join(host.folder, pointerKey(group, 3)));
        rmSync(join(host.folder, pointerKey(group, 3)));
        writeFileSync(join(host.folder, pointerKey(group, 1)), bytes);
      },
      {},
      /is a pointer to version 3, expected 1/,
    ],
    [
      "another description",
      (host) => putPointer(host, {}, other),
      {},
      /version 1 of the models for pumps was trained for something else: fields\[0\] is "x" in the config and "y" in it/,
    ],
    [
      "a larger one than the plan allows",
      (host) => putPointer(host, {}),
      { mostBytes: 1000 },
      /version 1 .* has \d+ bytes, expected at most 1000, as the learner of this config is planned/,
    ],
    [
      "insane state under a valid digest and signature",
      (host) => putPointer(host, {}, insane()),
      {},
      /holds no model that can be trained further: .*finite/,
    ],
    [
      "a whole checkpoint in place of a model",
      (host) => {
        const bytes = Buffer.concat(encodeCheckpoint(sampleCheckpoint(1)));
        putPointer(host, {}, { description: first.description, bytes });
      },
      {},
      /is a checkpoint, expected a model file/,
    ],
  ])("%s", async (_, prepare, checks, sentence) => {
    const { host, fetch, publish, inbox, directory } = await board();
    prepare(host);
    const outcome = await fetch(checks);
    expect(outcome).toMatchObject({ version: null, path: null, refused: expect.stringMatching(sentence) });
    expect(outcome.refused).not.toContain("\n");
    expect(inbox()).toEqual([]);
    const door = await openDoor(host, () => false);
    expect(await fetch({ ...checks, to: door.to })).toMatchObject({ version: null, refused: null });
    expect(door.requests.filter(({ line }) => line.includes(".msgpack"))).toEqual([]);
    // The host learns of it with each document until a model is taken.
    expect(await problemAtHost(host, directory)).toMatch(sentence);
    rmSync(join(host.folder, "models"), { recursive: true });
    putPointer(host, { version: 2 }, second);
    await publish(second);
    expect(await fetch()).toMatchObject({ version: 2, refused: null });
    expect(await problemAtHost(host, directory)).toBeNull();
  });
});

describe("other bytes than are signed", () => {
  const longer = Buffer.concat([first.bytes, Buffer.alloc(1)]);
  test.each<[string, Uint8Array, RegExp]>([
    [
      "of another hash",
      Buffer.from(first.bytes).fill(7, 300, 301),
      /has \d+ bytes with the SHA-256 [0-9a-f]{16}, expected \d+ with [0-9a-f]{16}/,
    ],
    ["cut short", first.bytes.subarray(0, 500), /has 500 bytes with the SHA-256/],
    ["larger than the pointer says", longer, /answers with more than \d+ bytes/],
  ])("%s are fetched in three runs, then the version is refused", async (_, bytes, sentence) => {
    const { host, fetch, inbox, directory } = await board();
    putPointer(host, {});
    writeFileSync(join(host.folder, modelKey(group, sha256Of(first.bytes))), bytes);
    for (let run = 0; run < 2; run++) {
      await expect(fetch()).rejects.toMatchObject({
        code: "sync.unreachable",
        message: expect.stringMatching(sentence),
      });
      expect(await problemAtHost(host, directory)).toMatch(/; the next run asks for it again/);
    }
    const outcome = await fetch();
    expect(outcome).toMatchObject({ version: null, known: 1, refused: expect.stringMatching(sentence) });
    const door = await openDoor(host, () => false);
    expect(await fetch({ to: door.to })).toMatchObject({ version: null, refused: null });
    expect(door.requests.filter(({ line }) => line.includes(".msgpack"))).toEqual([]);
    expect(await problemAtHost(host, directory)).toMatch(sentence);
    expect(inbox()).toEqual([]);
  });

  test("do no harm where the right ones come later, and are counted for each version", async () => {
    const { host, fetch, publish, inbox } = await board();
    await publish(first, second);
    const path = join(host.folder, modelKey(group, sha256Of(second.bytes)));
    writeFileSync(path, "<html>Please log in</html>");
    for (let run = 0; run < 2; run++) await expect(fetch()).rejects.toThrow(/asks for it again/);
    await publish(third);
    const newer = join(host.folder, modelKey(group, sha256Of(third.bytes)));
    writeFileSync(newer, "<html>Please log in</html>");
    await expect(fetch()).rejects.toThrow(/version 3 .*asks for it again/);
    writeFileSync(newer, third.bytes);
    expect(await fetch()).toMatchObject({ version: 3 });
    expect(inbox()).toEqual([nameOf(3, third)]);
  });
});

/** What the status of the board says is wrong with its sync. */
async function problemAtHost(host: TestHost, directory: string): Promise<string | null | undefined> {
  const store = clientOf(host, "pump-7");
  const credentials = { secretFile: "/nowhere", keyId: "pump-7" };
  const config = {
    ...{ to: host.to, device: "pump-7", credentials, region: "us-east-1", fingerprint: null },
    ...{ everyMs: 60_000, backlog: 24, models: { group, trust: key.trust, sideBySide: 500 } },
  };
  saveCheckpoints(directory, 1);
  const { status } = await sendCheckpoints({ directory, config, store, version: "1.2.3" });
  store.close();
  return status?.sync.problem;
}

describe("a host that lies costs requests, and no more:", () => {
  const counted = async ({ host }: Board, answerer: Answerer = () => false) => openDoor(host, answerer);

  test("a hint that points at 999999999", async () => {
    const trial = await board();
    await trial.publish(first);
    writeFileSync(join(trial.host.folder, "models/pumps/current.json"), '{"version":999999999}');
    const door = await counted(trial);
    expect(await trial.fetch({ to: door.to })).toMatchObject({ version: 1 });
    expect(door.requests).toHaveLength(5);
    writeFileSync(join(trial.host.folder, pointerKey(group, 999_999_999)), "{}");
    expect(await trial.fetch()).toMatchObject({
      version: null,
      known: 1,
      refused: expect.stringMatching(/not a pointer/),
    });
  });

  test("a hint of a gigabyte, or no hint at all", async () => {
    const trial = await board();
    await trial.publish(first);
    const hint = join(trial.host.folder, "models/pumps/current.json");
    writeFileSync(hint, Buffer.alloc(1 << 20));
    expect(await trial.fetch()).toMatchObject({ version: 1 });
    await trial.publish(second);
    rmSync(hint);
    expect(await trial.fetch()).toMatchObject({ version: 2 });
  });

  test("endless redirects", async () => {
    const trial = await board();
    const door = await counted(trial, (request, response) => {
      response.writeHead(307, { location: `${request.url}x`, "content-length": 0 }).end();
      return true;
    });
    await expect(trial.fetch({ to: door.to })).rejects.toThrow(
      /refuses GET models\/pumps\/current.json .*status 307/,
    );
    expect(door.requests).toHaveLength(2);
    expect(trial.inbox()).toEqual([]);
  });

  test("a network that answers everything with its own page does not spoil a version for ever", async () => {
    const trial = await board();
    await trial.publish(first);
    const portal = await counted(trial, (_, response) => {
      response.writeHead(200, { "content-type": "text/html" }).end("<html>Please log in</html>");
      return true;
    });
    expect(await trial.fetch({ to: portal.to })).toMatchObject({
      version: null,
      refused: expect.any(String),
    });
    expect(portal.requests).toHaveLength(2);
    expect(await trial.fetch()).toMatchObject({ version: 1 });
  });

  test("pointers that another key has signed, of which one run reads one", async () => {
    const trial = await board();
    const foreign = signingKey();
    for (let version = 1; version <= 40; version++) putPointer(trial.host, { version }, first, foreign);
    const door = await counted(trial);
    expect(await trial.fetch({ to: door.to })).toMatchObject({ version: null, refused: expect.any(String) });
    expect(door.requests).toHaveLength(2);
  });

  test("a store that denies what is not there, as S3 does to a key that may not list, has no model yet", async () => {
    const trial = await board();
    const denied = "<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>";
    const door = await counted(trial, ({ url = "" }, response) => {
      if (existsSync(join(trial.host.folder, url.slice("/fleet/".length)))) return false;
      response.writeHead(403, { "content-type": "application/xml" }).end(denied);
      return true;
    });
    expect(await trial.fetch({ to: door.to })).toMatchObject({ version: null, refused: null });
    await trial.publish(first);
    expect(await trial.fetch({ to: door.to })).toMatchObject({ version: 1 });
  });

  test("an object that is announced and away is asked for again", async () => {
    const trial = await board();
    await trial.publish(first);
    const path = join(trial.host.folder, modelKey(group, sha256Of(first.bytes)));
    rmSync(path);
    await expect(trial.fetch()).rejects.toThrow(/is announced, but the host does not have it at present/);
    writeFileSync(path, first.bytes);
    expect(await trial.fetch()).toMatchObject({ version: 1 });
  });

  test("a host that is away, or refuses, is an error and changes nothing", async () => {
    const trial = await board();
    await trial.publish(first);
    trial.host.registry.revoke("pump-7");
    await expect(trial.fetch()).rejects.toMatchObject({ code: "sync.refused" });
    trial.host.registry.add("pump-7");
    expect(await trial.fetch()).toMatchObject({ version: 1 });
    await expect(trial.fetch({ to: "http://127.0.0.1:1/fleet" })).rejects.toMatchObject({
      code: "sync.unreachable",
    });
  });
});
