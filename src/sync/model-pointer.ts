/**
 * The signed pointer to a published model. Whoever holds the key of a group may say which network its devices take; the
 * host, the store and the network between cannot. A pointer is created once for each version and never changes.
 */
import { createPublicKey, type KeyObject, sign, verify } from "node:crypto";
import { RivuletError } from "../errors/errors.ts";
import { isCount } from "../state-check.ts";
import { trustBytes } from "./model-trust.ts";
import { mostVersion } from "./names.ts";

export interface ModelPointer {
  format: "rivulet-model";
  group: string;
  /** From 1; a rollback has a new one. */
  version: number;
  /** Of the model's file, in hexadecimal. */
  sha256: string;
  /** Size of the model's file. */
  bytes: number;
  /** What the network was trained for: fields, target, features and model. */
  description: object;
  /** SHA-256 of the model before; null: there was none. */
  base: string | null;
  createdAt: string;
  /** Random, in hexadecimal: tells the pointers of two publishers apart. */
  id: string;
}

/** Largest pointer that is read. */
export const mostPointerBytes = 256 * 1024;
/** Largest model that is published or fetched. */
export const mostModelBytes = 64 << 20;
/** More maps within maps are in no description. */
const mostDepth = 64;

/**
 * JSON with one way to write each value (RFC 8785): keys sorted by their UTF-16 code units, no blanks, numbers as
 * ECMAScript writes them.
 *
 * @throws RangeError where it is nested deeper than any description
 */
export function canonicalJson(value: unknown, depth = 0): string {
  if (depth > mostDepth) throw new RangeError(`nested deeper than ${mostDepth} levels`);
  if (Array.isArray(value)) return `[${value.map((each) => canonicalJson(each, depth + 1)).join(",")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const entries = Object.entries(value).sort(([one], [other]) => (one < other ? -1 : 1));
  return `{${entries.map(([key, each]) => `${JSON.stringify(key)}:${canonicalJson(each, depth + 1)}`).join(",")}}`;
}

/**
 * What is signed: format, group, and the canonical JSON of the pointer, with zero bytes between. The group is the one
 * that the device has in its config, so the pointer of one group is worthless in another.
 */
const signedBytes = (group: string, pointer: object): Buffer =>
  Buffer.from(`rivulet-model\0${group}\0${canonicalJson(pointer)}`, "utf8");

/** A pointer as it is stored. @param key private key, Ed25519 */
export function encodePointer(pointer: ModelPointer, key: KeyObject): Buffer {
  // As a reader will have it.
  const plain = JSON.parse(JSON.stringify(pointer)) as ModelPointer;
  const signature = sign(null, signedBytes(pointer.group, plain), key).toString("base64");
  return Buffer.from(`${JSON.stringify({ ...plain, signature }, null, 2)}\n`);
}

/**
 * Reads a pointer that anyone may have written.
 *
 * @param expected group and version that its name says, and the public key that must have signed it
 * @param where its name, for the start of an error sentence
 * @throws RivuletError where it is no pointer, has another group or version, or the signature is not valid
 */
export function decodePointer(
  bytes: Uint8Array,
  { group, version, trust }: { group: string; version: number; trust: string },
  where: string,
): ModelPointer {
  const found = parsed(bytes);
  if (found === null) {
    throw refused(
      `${where} is not a pointer to a model, expected JSON of format rivulet-model with all its keys`,
    );
  }
  const { signature, ...pointer } = found;
  if (pointer.group !== group) {
    throw refused(
      `${where} is a pointer of the group "${pointer.group}", expected "${group}"; it was copied there`,
    );
  }
  if (pointer.version !== version) {
    throw refused(
      `${where} is a pointer to version ${pointer.version}, expected ${version}; it was copied there`,
    );
  }
  if (!isSigned(group, pointer, signature, trust)) {
    throw refused(
      `${where} is not signed by the key that is trusted, ${trust}; publish models with that key`,
    );
  }
  return pointer;
}

const refused = (sentence: string) => new RivuletError("sync.model", sentence);

/** Of a public key in SubjectPublicKeyInfo all but the key itself (RFC 8410). */
const spkiHead = Buffer.from("302a300506032b6570032100", "hex");

function isSigned(group: string, pointer: object, signature: string, trust: string): boolean {
  const der = Buffer.concat([spkiHead, trustBytes(trust)]);
  const key = createPublicKey({ key: der, format: "der", type: "spki" });
  try {
    return verify(null, signedBytes(group, pointer), key, Buffer.from(signature, "base64"));
  } catch (error) {
    if (error instanceof RangeError) return false;
    throw error;
  }
}

const digestPattern = /^[0-9a-f]{64}$/;
const isText = (value: unknown, most: number): boolean => typeof value === "string" && value.length <= most;
const isFromOne = (value: unknown, most: number): value is number => isCount(value, most) && value >= 1;

function parsed(bytes: Uint8Array): (ModelPointer & { signature: string }) | null {
  let found: Partial<Record<string, unknown>>;
  try {
    found = JSON.parse(Buffer.from(bytes).toString("utf8"));
  } catch {
    return null;
  }
  if (typeof found !== "object" || found === null || found["format"] !== "rivulet-model") return null;
  const { group, version, sha256, bytes: size, description, base, createdAt, id, signature } = found;
  const isWhole =
    isText(group, 64) &&
    isFromOne(version, mostVersion) &&
    isFromOne(size, mostModelBytes) &&
    [sha256, base ?? sha256].every((digest) => typeof digest === "string" && digestPattern.test(digest)) &&
    typeof description === "object" &&
    description !== null &&
    isText(createdAt, 40) &&
    isText(id, 64) &&
    isText(signature, 100);
  return isWhole ? (found as unknown as ModelPointer & { signature: string }) : null;
}

/** The version that a hint names; null where it is not a hint. Nobody trusts it: one that lies costs a request. */
export function versionOfHint(bytes: Uint8Array): number | null {
  try {
    const { version } = JSON.parse(Buffer.from(bytes).toString("utf8")) as { version?: unknown };
    return isFromOne(version, mostVersion) ? version : null;
  } catch {
    return null;
  }
}

/** Encodes the hint of a group: the number of its newest version. */
export const encodeHint = (version: number): Buffer =>
  Buffer.from(`${JSON.stringify({ format: "rivulet-model-hint", version })}\n`);
