import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { readReached, readTrust, writeReached, writeTrust } from "../../../src/commands/host/own-files.ts";
import { folderWith } from "../../rivulet.ts";

const trust = `ed25519:${Buffer.alloc(32).toString("base64")}`;

function folderOf(files: Record<string, string> = {}): string {
  const folder = folderWith();
  mkdirSync(join(folder, ".host"));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, ".host", name), text);
  return folder;
}

test("what a host leaves for other commands is what they read", () => {
  const folder = folderOf();
  expect([readReached(folder), readTrust(folder, "pumps")]).toEqual([null, null]);
  const source = { secretFile: "/k", keyId: "AKIA" };
  const store = { to: "https://s3.test/b", region: "eu-central-1", source };
  const reached = { url: "http://10.0.0.4:9000/fleet", fingerprint: null, store };
  writeReached(folder, reached);
  writeTrust(folder, "pumps", trust);
  expect(readReached(folder)).toEqual(reached);
  expect([readTrust(folder, "pumps"), readTrust(folder, "fans")]).toEqual([trust, null]);
});

test.each(["", '{"url":', "[]", "null", '{"url":9}', '{"url":"http://a/fleet","store":{"to":1}}'])(
  "a damaged address %j is refused with what to do",
  (text) => {
    const folder = folderOf({ "address.json": text });
    expect(() => readReached(folder)).toThrow(
      /address\.json is damaged, .*; delete it, then start the host again, which writes it$/,
    );
  },
);

test("a damaged list of keys is refused with what to do, and not written over", () => {
  const folder = folderOf({ "trust.json": "{" });
  const sentence = /trust\.json is damaged, .*; delete it, then publish a model again, which writes it$/;
  expect(() => readTrust(folder, "pumps")).toThrow(sentence);
  expect(() => writeTrust(folder, "pumps", trust)).toThrow(sentence);
});
