import { generateKeyPairSync } from "node:crypto";
import { chmodSync, existsSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { request } from "node:http";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { listModels, type ModelStore, publishModel, rollbackModel } from "../../src/sync/client/publish.ts";
import { createSigningKey, readSigningKey } from "../../src/sync/client/signing-key.ts";
import { openModelFolder } from "../../src/sync/host/model-folder.ts";
import { openRegistry } from "../../src/sync/host/registry.ts";
import { decodePointer, encodePointer } from "../../src/sync/model-pointer.ts";
import { sha256Of } from "../../src/sync/signature.ts";
import { folderWith } from "../rivulet.ts";
import { modelAfter, signingKey } from "./published.ts";
import { clientOf, startHost, type TestHost } from "./running-host.ts";
import { openDoor } from "./store-door.ts";

const key = signingKey();
const [first, second, third] = [10, 20, 30].map((rows) => modelAfter(rows));
const group = "pumps";

/** The folder of a host that does not run. */
function hostFolder(): string {
  const folder = join(folderWith(), "fleet");
  openRegistry(folder, { create: true });
  return folder;
}

const places: [string, () => Promise<{ store: ModelStore; folder: string }>][] = [
  [
    "the folder of a host",
    async () => {
      const folder = hostFolder();
      return { folder, store: openModelFolder(folder) };
    },
  ],
  [
    "a host with its admin key",
    async () => {
      const host = await startHost();
      return { folder: host.folder, store: clientOf(host, "admin") };
    },
  ],
];
const filesIn = (folder: string) => readdirSync(join(folder, "models", group)).sort();
const publish = (store: ModelStore, model = first) => publishModel({ store, group, key, model });

describe.each(places)("into %s", (_, open) => {
  test("a model is its bytes, a signed pointer and a hint, and the same one is not published twice", async () => {
    const { store, folder } = await open();
    const { pointer, isNew } = await publish(store);
    expect([pointer.version, pointer.base, isNew]).toEqual([1, null, true]);
    const names = ["000000001.json", `${sha256Of(first.bytes)}.msgpack`, "current.json"].sort();
    expect(filesIn(folder)).toEqual(names);
    expect(readFileSync(join(folder, "models/pumps", `${sha256Of(first.bytes)}.msgpack`))).toEqual(
      first.bytes,
    );
    const stored = readFileSync(join(folder, "models/pumps/000000001.json"));
    expect(decodePointer(stored, { group, version: 1, trust: key.trust }, "it")).toEqual(pointer);
    expect(pointer.description).toEqual(JSON.parse(JSON.stringify(first.description)));
    expect(await publish(store)).toMatchObject({ isNew: false, pointer: { version: 1 } });
    expect(filesIn(folder)).toEqual(names);
    expect(await publish(store, second)).toMatchObject({
      pointer: { version: 2, base: sha256Of(first.bytes) },
    });
  });

  test("a rollback publishes the bytes before the present ones under a new version, again and again", async () => {
    const { store } = await open();
    await expect(rollbackModel({ store, group, key })).rejects.toThrow(
      /no model was published for the group pumps/,
    );
    for (const model of [first, second, third]) await publish(store, model);
    const back = await rollbackModel({ store, group, key });
    expect(back).toMatchObject({ of: 2, pointer: { version: 4, sha256: sha256Of(second.bytes) } });
    const further = await rollbackModel({ store, group, key });
    expect(further).toMatchObject({ of: 1, pointer: { version: 5, sha256: sha256Of(first.bytes) } });
    await expect(rollbackModel({ store, group, key })).rejects.toThrow(
      /before the present one; name a version/,
    );
    const named = await rollbackModel({ store, group, key, toVersion: 3 });
    expect(named).toMatchObject({ of: 3, pointer: { version: 6, sha256: sha256Of(third.bytes) } });
    await expect(rollbackModel({ store, group, key, toVersion: 9 })).rejects.toThrow(/has no version 9/);
    const listed = await listModels(store, group, key.trust);
    expect(listed.map(({ version, fault }) => [version, fault])).toEqual(
      [6, 5, 4, 3, 2, 1].map((each) => [each, null]),
    );
  });

  test("two publishers at once leave two whole versions", async () => {
    const { store } = await open();
    const both = await Promise.all([publish(store, first), publish(store, second)]);
    expect(both.map(({ pointer }) => pointer.version).sort()).toEqual([1, 2]);
    const listed = await listModels(store, group, key.trust);
    const digests = listed.map(({ pointer }) => pointer?.sha256).sort();
    expect(digests).toEqual([first, second].map(({ bytes }) => sha256Of(bytes)).sort());
  });

  test("a dry run says the version and writes nothing", async () => {
    const { store, folder } = await open();
    const dry = await publishModel({ store, group, key, model: first, dryRun: true });
    expect([dry.pointer.version, existsSync(join(folder, "models"))]).toEqual([1, false]);
  });

  test("a group that another key signs is left alone", async () => {
    const { store, folder } = await open();
    await publish(store);
    const before = filesIn(folder);
    const other = publishModel({ store, group, key: signingKey(), model: second });
    await expect(other).rejects.toThrow(
      /not signed by the key that is trusted.*boards accept only models signed with one key/,
    );
    expect(filesIn(folder)).toEqual(before);
  });
});

/** A store in which the process ends at one of its writes. */
class Killed extends Error {}
function endingAt(store: ModelStore, writes: number): ModelStore {
  let count = 0;
  const step = async <T>(write: () => Promise<T>) => {
    if (++count > writes) throw new Killed();
    return write();
  };
  return {
    ...store,
    put: (...words) => step(() => store.put(...words)),
    putOnce: (...words) => step(() => store.putOnce(...words)),
  };
}

test.each([
  [0, []],
  [1, []],
  [2, [1]],
])(
  "killed after %s of its three writes, a publisher leaves %j versions, each whole, and another goes on",
  async (writes, versions) => {
    const folder = hostFolder();
    const store = openModelFolder(folder);
    await expect(publish(endingAt(store, writes))).rejects.toThrow(Killed);
    expect((await listModels(store, group, key.trust)).map(({ version }) => version)).toEqual(versions);
    expect((await publish(store)).pointer.version).toBe(1);
    expect((await publish(store, second)).pointer.version).toBe(2);
    const names = filesIn(folder);
    expect(names.filter((name) => name.endsWith(".json"))).toEqual([
      "000000001.json",
      "000000002.json",
      "current.json",
    ]);
  },
);

test("what a killed publisher left half written is hidden, and gone after an hour", async () => {
  const folder = hostFolder();
  const left = join(folder, ".host/publishing/dead");
  const { mkdirSync, utimesSync } = await import("node:fs");
  mkdirSync(left, { recursive: true });
  writeFileSync(join(left, "1-1.part"), "half");
  const store = openModelFolder(folder);
  await publish(store);
  expect(existsSync(left)).toBe(true);
  utimesSync(left, 1, 1);
  await publish(store, second);
  store.close();
  expect(readdirSync(join(folder, ".host/publishing"))).toEqual([]);
});

describe("through stores that behave otherwise:", () => {
  test("one that refuses conditions gets the pointer without, and is read back", async () => {
    const host = await startHost();
    const door = await openDoor(host, (request, response) => {
      if (request.method !== "PUT" || request.headers["if-none-match"] === undefined) return false;
      response.writeHead(501, { "content-length": 0 }).end();
      return true;
    });
    const store = clientOf(host, "admin", { to: door.to });
    expect((await publish(store)).pointer.version).toBe(1);
    store.close();
  });

  test("an answer that was lost is found out by reading back", async () => {
    const host = await startHost();
    let lost = 0;
    const door = await openDoor(host, (request, response) => {
      if (request.method !== "PUT" || !request.url?.endsWith("000000001.json") || lost++ > 0) return false;
      // The host stores it, and the answer never arrives.
      request.pipe(forward(host, request.url, request.headers, () => response.destroy()));
      if (request.headers.expect !== undefined) response.writeContinue();
      return true;
    });
    const store = clientOf(host, "admin", { to: door.to });
    expect((await publish(store)).pointer.version).toBe(1);
    expect((await listModels(store, group, key.trust)).map(({ version }) => version)).toEqual([1]);
    store.close();
  });

  test("a list that is out of date and a hint that lies hide no version", async () => {
    const folder = hostFolder();
    const store = openModelFolder(folder);
    for (const model of [first, second]) await publish(store, model);
    const stale: ModelStore = { ...store, list: async () => ["models/pumps/000000001.json"] };
    expect((await publish(stale, third)).pointer.version).toBe(3);
    writeFileSync(join(folder, "models/pumps/current.json"), '{"version":999999999}');
    const blind: ModelStore = { ...store, list: async () => [] };
    expect((await publish(blind, first)).pointer.version).toBe(4);
  });
});

describe("a store that answers every request ends neither a list nor a publication later than asked:", () => {
  const objectOf = (text: string | Buffer) => ({ body: Buffer.from(text), etag: null, modifiedMs: null });

  function answering(pointer: string | Buffer) {
    const asked: string[] = [];
    const store: ModelStore = {
      ...openModelFolder(hostFolder()),
      list: async () => [],
      get: async (name) => {
        asked.push(name);
        return objectOf(name.endsWith("current.json") ? '{"version":900000000}' : pointer);
      },
    };
    return { store, asked };
  }

  test("with pages of its own", async () => {
    const { store, asked } = answering("<html>Please log in</html>");
    const listed = await listModels(store, group, key.trust);
    expect(listed).toMatchObject([{ version: 1, fault: expect.stringMatching(/not a pointer/) }]);
    expect(asked).toHaveLength(4);
    await expect(publish(store)).rejects.toMatchObject({ code: "sync.publish" });
  });

  test("with a pointer of a high version that the key has signed", async () => {
    const { pointer } = await publish(openModelFolder(hostFolder()));
    const { store, asked } = answering(encodePointer({ ...pointer, version: 900_000_000 }, key.privateKey));
    const listed = await listModels(store, group, key.trust, { most: 3 });
    expect(listed.map(({ version, fault }) => [version, fault === null])).toEqual([
      [900_000_001, false],
      [900_000_000, true],
      [899_999_999, false],
    ]);
    expect(asked).toHaveLength(6);
  });
});

function forward(
  { port }: TestHost,
  path: string | undefined,
  { expect: _, ...headers }: import("node:http").IncomingHttpHeaders,
  done: () => void,
) {
  return request({ host: "127.0.0.1", port, method: "PUT", path, headers }, (answer) => {
    answer.resume();
    answer.on("end", done);
  });
}

describe("the key that signs", () => {
  test("is a file of mode 600 that is never replaced", () => {
    const file = join(folderWith(), "deep/models.key");
    const made = createSigningKey(file);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(readSigningKey(file).trust).toBe(made.trust);
    expect(() => createSigningKey(file)).toThrow(/exists already and is not replaced/);
    expect(readSigningKey(file).trust).toBe(made.trust);
    expect(readdirSync(join(file, ".."))).toEqual(["models.key"]);
  });

  test.each([
    ["is not there", null, 0o600, /there is no key to sign models in .*; make one with rivulet models key/],
    ["is no key", "secret", 0o600, /holds no key to sign models, expected an Ed25519 key in PEM/],
    [
      "is of another kind",
      generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey.export({ format: "pem", type: "pkcs8" }),
      0o600,
      /holds no key to sign models/,
    ],
    ["may be read by others", "secret", 0o644, /mode 644, so others may read the secret/],
  ])("that %s is refused", (_, text, mode, sentence) => {
    const file = join(folderWith(), "models.key");
    if (text !== null) writeFileSync(file, text);
    if (text !== null) chmodSync(file, mode);
    expect(() => readSigningKey(file)).toThrow(sentence);
  });
});
