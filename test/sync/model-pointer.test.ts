import { generateKeyPairSync, sign } from "node:crypto";
import { describe, expect, test } from "vitest";
import {
  canonicalJson,
  decodePointer,
  encodePointer,
  type ModelPointer,
  versionOfHint,
} from "../../src/sync/model-pointer.ts";
import { trustOf } from "../../src/sync/model-trust.ts";

const keyPair = () => {
  const { privateKey, publicKey } = generateKeyPairSync("ed25519");
  return { privateKey, trust: trustOf(publicKey.export({ format: "der", type: "spki" }).subarray(-32)) };
};
const key = keyPair();
const pointer: ModelPointer = {
  ...{ format: "rivulet-model", group: "pumps", version: 7, sha256: "a".repeat(64), bytes: 1234 },
  ...{ description: { target: { column: "β", classes: 2 }, fields: ["x", "β"] }, base: null },
  ...{ createdAt: "2026-01-31T12:00:00.000Z", id: "0011223344556677" },
};
const expected = { group: "pumps", version: 7, trust: key.trust };
const stored = encodePointer(pointer, key.privateKey);
const read = (bytes: Uint8Array, changed: Partial<typeof expected> = {}) =>
  decodePointer(bytes, { ...expected, ...changed }, "models/pumps/000000007.json");
/** The stored pointer with other values, under the same signature. */
const altered = (change: object) =>
  Buffer.from(JSON.stringify({ ...JSON.parse(stored.toString()), ...change }));

test("canonical JSON has sorted keys, no blanks, and one way to write a number", () => {
  const value = JSON.parse('{"b":[1.0,1e21,-0,0.1],"a":{"é":"\\u2028\\"","Z":null,"a":true}}');
  expect(canonicalJson(value)).toBe('{"a":{"Z":null,"a":true,"é":"\u2028\\""},"b":[1,1e+21,0,0.1]}');
});

test("a pointer is read as it was signed, however its JSON is laid out", () => {
  expect(read(stored)).toEqual(pointer);
  const { signature, ...rest } = JSON.parse(stored.toString());
  const turned = JSON.stringify({ signature, ...Object.fromEntries(Object.entries(rest).reverse()) });
  expect(read(Buffer.from(turned))).toEqual(pointer);
});

test("what is signed is the format, the group and the canonical JSON, so that other programs can check it", () => {
  const text = `rivulet-model\0pumps\0${canonicalJson(pointer)}`;
  expect(JSON.parse(stored.toString()).signature).toBe(
    sign(null, Buffer.from(text), key.privateKey).toString("base64"),
  );
});

describe("refuses", () => {
  const nested = JSON.parse("[".repeat(100) + "]".repeat(100));
  test.each<[string, Uint8Array, Partial<typeof expected>, RegExp]>([
    ["another version", altered({ version: 8 }), { version: 8 }, /not signed by the key that is trusted/],
    ["an older pointer under a newer name", stored, { version: 8 }, /pointer to version 7, expected 8/],
    ["the pointer of another group", stored, { group: "fans" }, /of the group "pumps", expected "fans"/],
    [
      "one of another group that says it is of this one",
      altered({ group: "fans" }),
      { group: "fans" },
      /not signed/,
    ],
    ["another digest", altered({ sha256: "b".repeat(64) }), {}, /not signed/],
    ["another description", altered({ description: { fields: ["x"] } }), {}, /not signed/],
    ["one more key", altered({ extra: 1 }), {}, /not signed/],
    ["another key", stored, { trust: keyPair().trust }, /not signed/],
    ["a signature cut short", altered({ signature: "AAAA" }), {}, /not signed/],
    ["a description without end", altered({ description: nested }), {}, /not signed/],
    ["a page of a network that asks for a password", Buffer.from("<html>"), {}, /not a pointer to a model/],
    ["a pointer cut short", stored.subarray(0, 200), {}, /not a pointer to a model/],
    ["a size of a gigabyte", altered({ bytes: 2 ** 30 }), {}, /not a pointer to a model/],
    ["a version of ten digits", altered({ version: 1e9 }), {}, /not a pointer to a model/],
    ["null", Buffer.from("null"), {}, /not a pointer to a model/],
  ])("%s", (_, bytes, changed, sentence) => {
    expect(() => read(bytes, changed)).toThrow(sentence);
    try {
      read(bytes, changed);
    } catch (error) {
      expect(error).toMatchObject({ code: "sync.model" });
      expect((error as Error).message.length).toBeLessThan(300);
    }
  });
});

test.each([
  ['{"version":17}', 17],
  ['{"version":"17"}', null],
  ['{"version":1e9}', null],
  ["null", null],
  ["", null],
])("the hint %s names %s", (text, version) => {
  expect(versionOfHint(Buffer.from(text))).toBe(version);
});
