import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { LongReport, Report } from "../../src/commands/command-line/command.ts";
import { run } from "../../src/commands/host.ts";
import { parseConfig } from "../../src/config/config.ts";
import { openRegistry } from "../../src/sync/host/registry.ts";
import { statusKey } from "../../src/sync/names.ts";
import { folderWith } from "../rivulet.ts";
import { clientOf, startHost } from "../sync/running-host.ts";

/** Words of `rivulet host` that are refused before anything is made. */
const refused: [string, Record<string, string>, string][] = [
  ["a store that is no URL", { store: "my-bucket" }, "--store must be a URL with a bucket"],
  ["a store without a key", { store: "s3://b/p" }, "--store needs the key of the store"],
  ["half a key", { store: "s3://b/p", "store-key": "ID" }, "--store needs the key of the store"],
  [
    "two keys",
    { store: "s3://b/p", "store-key": "ID", "store-secret": "f", "store-command": "print" },
    "--store needs the key of the store",
  ],
  ["checkpoints to keep", { store: "s3://b/p", keep: "3", "store-command": "print" }, "--keep has no effect"],
  ["a key without a store", { "store-key": "ID" }, "--store-key needs a store; name it with --store"],
  ["a region without a store", { region: "x" }, "--region needs a store; name it with --store"],
];

test.each(refused)(
  "rivulet host refuses %s in one sentence, and makes no folder",
  async (_, options, sentence) => {
    const folder = join(folderWith(), "front");
    await expect(run({ positionals: [folder], options, json: false } as never)).rejects.toThrow(sentence);
    expect(existsSync(folder)).toBe(false);
  },
);

test("a secret of the store that others may read is refused", async () => {
  const folder = join(folderWith(), "front");
  const secret = `${folder}.key`;
  writeFileSync(secret, "of-the-store\n", { mode: 0o644 });
  const options = { store: "s3://b/p", "store-key": "ID", "store-secret": secret, listen: "127.0.0.1:0" };
  await expect(run({ positionals: [folder], options, json: true } as never)).rejects.toThrow("has mode 644");
});

test("rivulet host list shows the devices of the store, as named or as the front remembers it", async () => {
  const behind = await startHost();
  const folder = join(folderWith(), "front");
  openRegistry(folder, { create: true });
  const secret = `${folder}.key`;
  writeFileSync(secret, `${behind.credentials("admin").secretAccessKey}\n`, { mode: 0o600 });
  const client = clientOf(behind, "pump-7");
  const status = { format: "rivulet-status", version: 1, device: "pump-7", counter: 1, every: 60_000 };
  await client.put(statusKey("pump-7"), Buffer.from(JSON.stringify(status)));
  client.close();
  const list = async (options: Record<string, string>) => {
    const call = { positionals: ["list"], options: { folder, ...options }, json: true };
    const { pieces, failed } = (await run(call as never)) as LongReport;
    let text = "";
    for await (const piece of pieces) text += piece;
    return { data: JSON.parse(text), failed: failed() };
  };
  const shown = { data: { silent: 0, devices: [{ device: "pump-7", counter: 1 }] }, failed: false };
  const key = { "store-key": "admin", "store-secret": secret };
  expect(await list({ store: behind.to, ...key })).toMatchObject(shown);
  const store = { to: behind.to, region: "us-east-1", source: { keyId: "admin", secretFile: secret } };
  writeFileSync(
    join(folder, ".host/address.json"),
    JSON.stringify({ url: "http://10.0.0.4:9000/fleet", fingerprint: null, store }),
  );
  expect(await list({})).toMatchObject(shown);
});

test.each([
  ["http://nas.local:9000", "http://nas.local:9000/fleet"],
  ["http://nas.local:9000/", "http://nas.local:9000/fleet"],
  ["https://nas.local/boards", "https://nas.local/boards"],
])("rivulet host add --url %s prints a block that a config accepts", async (url, to) => {
  const folder = folderWith();
  openRegistry(folder, { create: true });
  const options = { folder, url };
  const { data } = (await run({ positionals: ["add", "pump-7"], options, json: true } as never)) as Report;
  expect(data["url"]).toBe(to);
  const config = `source: { file: x.csv, fields: [a, y] }\ntarget: { column: y }\ncheckpoint: { directory: saved }\n${data["sync"]}\n`;
  expect(parseConfig(config, "c.yaml").sync?.to).toBe(to);
});
