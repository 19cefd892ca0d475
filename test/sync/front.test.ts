import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { StoredObject } from "../../src/sync/client/object-store.ts";
import { createFrontHandler } from "../../src/sync/host/front.ts";
import { openRegistry } from "../../src/sync/host/registry.ts";
import { serveHost } from "../../src/sync/host/serve.ts";
import { StoreFleet } from "../../src/sync/host/store-fleet.ts";
import { checkpointKey, statusKey } from "../../src/sync/names.ts";
import { sha256Of } from "../../src/sync/signature.ts";
import { folderWith } from "../rivulet.ts";
import { openStore, storeKey } from "./presigned-store.ts";
import { clientOf, request, startHost, type TestHost } from "./running-host.ts";

const behind = await startHost();
const store = await openStore(behind);
const prefix = "barn";

/** A front with keys of its own before the store, and the client of its administrator at the store. */
async function startFront(listed = `${behind.to}/${prefix}`): Promise<TestHost> {
  const folder = join(folderWith(), "front");
  const registry = openRegistry(folder, { create: true });
  const log: string[] = [];
  const lists = clientOf(behind, "admin", { to: listed });
  const handler = createFrontHandler({
    registry,
    to: `${store.origin}/fleet/${prefix}`,
    region: "us-east-1",
    credentials: async () => storeKey,
    store: lists,
    log: (text) => log.push(text),
  });
  const host = await serveHost(handler, { address: "127.0.0.1", port: 0, tls: null });
  return {
    ...{ folder, registry, log, port: host.port, to: `http://127.0.0.1:${host.port}/fleet` },
    credentials: (device) => ({
      accessKeyId: device,
      secretAccessKey: registry.holder(device)?.secret ?? "",
    }),
    stop: () => host.close(),
  };
}

const front = await startFront();
const body = Buffer.from("what a board has learned");
const key = checkpointKey("pump-7", 300, sha256Of(body));

test("a device writes, reads and lists its objects at the store, by its own key alone", async () => {
  const client = clientOf(front, "pump-7");
  expect(await client.putOnce(key, body)).toBe(true);
  expect(await client.putOnce(key, body)).toBe(false);
  expect(readFileSync(join(behind.folder, prefix, key))).toEqual(body);
  const found = await client.get(key, { mostBytes: 1000 });
  expect(found).toMatchObject({ body });
  const { etag } = found as { etag: string };
  expect(await client.get(key, { mostBytes: 1000, etag })).toBe("unchanged");
  expect(await client.get(statusKey("pump-7"), { mostBytes: 1000 })).toBeNull();
  expect(await client.list("devices/pump-7/")).toEqual([key]);
  expect(store.requests[0]).toBe(`PUT /fleet/${prefix}/${key}`);
  client.close();
});

test("the front keeps its keys and nothing else, and no device sees a key of the store", async () => {
  const own = readdirSync(front.folder, { recursive: true, encoding: "utf8" });
  expect(own.filter((name) => !name.startsWith(".host"))).toEqual([]);
  const answer = await request(front, front.credentials("pump-7"), { path: `/fleet/${key}` });
  expect(answer.status).toBe(307);
  expect(answer.headers.location).toContain(`${store.origin}/fleet/${prefix}/${key}?X-Amz-`);
  expect(answer.headers.location).not.toContain(storeKey.secretAccessKey);
});

test("the URL is for one request: not for another object, another body, or another method", async () => {
  const md5 = "1B2M2Y8AsgTpgAmY7PhCfg==";
  const asked = { method: "PUT", path: `/fleet/${key}`, body, headers: { "content-md5": md5 } };
  const { headers } = await request(front, front.credentials("pump-7"), asked);
  const url = new URL(String(headers.location));
  const attempt = (change: (to: URL) => void, init: RequestInit) => {
    const to = new URL(url);
    change(to);
    return fetch(to, init).then(({ status }) => status);
  };
  const signed = { method: "PUT", headers: { "content-md5": md5 } };
  expect(await attempt(() => {}, { ...signed, body: "another body" })).toBe(400);
  expect(await attempt(() => {}, { method: "PUT", body: "x" })).toBe(403);
  expect(await attempt(() => {}, { method: "GET" })).toBe(403);
  const other = (to: URL) => {
    to.pathname = to.pathname.replace("pump-7", "pump-8");
  };
  expect(await attempt(other, { ...signed, body: "" })).toBe(403);
});

test("refuses in one sentence, before the store hears of it", async () => {
  const own = front.credentials("pump-7");
  const md5 = { "content-md5": "1B2M2Y8AsgTpgAmY7PhCfg==" };
  const before = store.requests.length;
  const refusals = [
    await request(front, own, { path: `/fleet/${key.replace("pump-7", "pump-8")}` }),
    await request(front, own, {
      method: "PUT",
      path: `/fleet/${key.replace("pump-7", "pump-8")}`,
      headers: md5,
    }),
    await request(front, { ...own, secretAccessKey: "wrong" }, { path: `/fleet/${key}` }),
    await request(front, null, { path: `/fleet/${key}` }),
    await request(front, own, { method: "PUT", path: `/fleet/${key}`, body }),
    await request(front, own, { path: "/fleet/?list-type=2&prefix=devices%2F" }),
    await request(front, own, { method: "DELETE", path: `/fleet/${key}` }),
  ];
  expect(refusals.map(({ status }) => status)).toEqual([403, 403, 403, 403, 400, 403, 501]);
  for (const { text } of refusals) expect(text).toMatch(/<Message>[^\n]+<\/Message>/);
  front.registry.revoke("pump-9");
  const revoked = { accessKeyId: "pump-9", secretAccessKey: "x" };
  expect((await request(front, revoked, { path: `/fleet/${key}` })).status).toBe(403);
  expect(store.requests.length).toBe(before);
});

describe("the devices of the store", () => {
  const statusOf = (device: string, counter: number, every = 3_600_000) =>
    Buffer.from(JSON.stringify({ format: "rivulet-status", version: 1, device, counter, every }));
  const secretOf = (host: TestHost) => ({
    authorization: `Bearer ${host.credentials("admin").secretAccessKey}`,
  });
  const metrics = (host: TestHost) => request(host, null, { path: "/metrics", headers: secretOf(host) });

  test("are on the page and in the metrics of the front, behind the key of its administrator", async () => {
    const devices = [clientOf(front, "pump-7"), clientOf(front, "pump-8"), clientOf(front, "pump-9x")];
    await devices[0].put(statusKey("pump-7"), statusOf("pump-7", 2));
    await devices[1].put(statusKey("pump-8"), statusOf("pump-8", 1, 0));
    // What a device writes at the store does not pass through the front: one that is no status hides no other.
    await devices[2].put(statusKey("pump-9x"), Buffer.alloc(4000));
    const page = await request(front, null, { path: "/", headers: secretOf(front) });
    expect([page.status, page.text]).toEqual([200, expect.stringContaining("<h1>2 devices, 1 silent</h1>")]);
    expect((await metrics(front)).text).toContain('rivulet_device_silent{device="pump-8"} 1\n');
    expect((await request(front, null, { path: "/" })).status).toBe(401);
    expect((await request(front, null, { path: "/metrics" })).status).toBe(401);
    for (const client of devices) client.close();
  });

  test("are asked for what has changed, and an older document that comes back is ignored", async () => {
    const answers: (StoredObject | "unchanged" | null)[] = [];
    const document = (counter: number): StoredObject => ({
      ...{ body: statusOf("pump-7", counter), etag: `"${counter}"`, modifiedMs: 1000 * counter },
    });
    const asked: (string | null | undefined)[] = [];
    const fleet = new StoreFleet({
      folders: async () => (asked.length === 0 ? ["devices/pump-7/", "devices/..x/"] : []),
      get: async (_, { etag }) => {
        asked.push(etag);
        return answers.shift() ?? null;
      },
    });
    answers.push(document(5), "unchanged", document(4), document(6), null);
    const seen = [];
    for (let i = 0; i < 5; i++)
      seen.push((await fleet.rows(2000)).map(({ status, lastSeenMs }) => [status.counter, lastSeenMs]));
    expect(seen).toEqual([[[5, 5000]], [[5, 5000]], [[5, 5000]], [[6, 6000]], []]);
    expect(asked).toEqual([null, '"5"', '"5"', '"5"', '"6"']);
  });

  test("that does not answer is said in one sentence", async () => {
    const host = await startFront("http://127.0.0.1:9/fleet");
    const { status, text } = await metrics(host);
    expect([status, text]).toEqual([503, expect.stringContaining("nothing listens there")]);
  });
});
