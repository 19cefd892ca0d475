/**
 * The checkpoint format: one MessagePack map of plain types, which any library in any language reads.
 *
 *     { format: "rivulet", version: 2, createdAt, name?, status?, model, features, target, optimizer, training,
 *       step, samplesSeen, random,
 *       parameters: [{ name, shape, dtype: "f32", data }], optimizerState: [{ name, shape, dtype: "f32", data }],
 *       learnerState, featureState, metrics, history?, daemonState?, digest }
 *
 * The model of an ensemble is `{ ensemble: { ... } }`; its whole state is under `learnerState`, and `parameters` and
 * `optimizerState` are empty. Version 1 held networks alone. Since version 2 a reader passes over keys that it does not
 * know: later additions only add keys.
 *
 * `daemonState` is what a daemon knows besides its learner: the number of its newest sample, and the samples that wait for
 * their labels.
 *
 * `data` is binary: little-endian, row-major, in PyTorch's layout. Typed arrays inside the other values are maps
 * `{ dtype: "f32" | "f64", shape: [length], data }`.
 *
 * `digest` is always the last key: 32 bytes, the SHA-256 of all bytes of the file before these 32, including the digest's
 * key and length. To check a file, in Python:
 *
 *     data = open(path, "rb").read()
 *     if hashlib.sha256(data[:-32]).digest() != data[-32:]:
 *         raise ValueError("damaged")
 */
import { CheckpointError } from "../errors/errors.ts";
import type { State } from "../state.ts";
import { isCount, largestCount } from "../state-check.ts";
import { pack, unpack } from "./messagepack.ts";
import { createSha256, sha256Bytes as digestBytes } from "./sha256.ts";
import { bytesOf, copyOf, isText, type PlainMap, restoreState, storeState } from "./stored-state.ts";

/** A named array of a neural network, such as "0.weight". */
export type Tensor = {
  name: string;
  shape: number[];
  /** Row-major, in PyTorch's layout. */
  data: Float32Array;
};

/** The complete state of a learner. Only the part that wrote a value of type State knows its content. */
export interface Checkpoint {
  /** Time in ISO 8601 by the device's clock. For people only: checkpoints are ordered by their sequence number. */
  createdAt: string;
  /** Name of the device or the run, from the config. */
  name?: string;
  /** What the daemon that saved it says of itself, for those who look at the file; nothing is continued from it. */
  status?: State;
  /** Layers, loss and clipping. */
  model: State;
  features: State;
  target: State;
  optimizer: State;
  training: State;
  /** Updates of the weights so far. */
  step: number;
  samplesSeen: number;
  random: State;
  parameters: Tensor[];
  optimizerState: Tensor[];
  learnerState: State;
  featureState: State;
  metrics: State;
  /** Course of the scores, of a daemon. */
  history?: State;
  /** Of a daemon besides its learner. */
  daemonState?: State;
}

const version = 2;
/** Axes of an array. */
const mostAxes = 8;
const stateKeys = [
  "model",
  "features",
  "target",
  "optimizer",
  "training",
  "random",
  "learnerState",
  "featureState",
  "metrics",
] as const;
/** The keys that a checkpoint must have. */
const requiredKeys: string[] = [
  "format",
  "version",
  "createdAt",
  "step",
  "samplesSeen",
  "parameters",
  "optimizerState",
  "digest",
  ...stateKeys,
];

/** Hashing this much takes a few milliseconds before the code is optimized, and about 10 µs after. */
const sealedAtOnceBytes = 1 << 12;
/** The bytes before the digest itself: its key, and the header of 32 bytes of binary data. */
const digestHeader = Buffer.from([0xa6, ...Buffer.from("digest"), 0xc4, digestBytes]);
/** Bytes of the fixed end of every checkpoint, in this and later versions: the key "digest" and its value. */
export const tailBytes = digestHeader.length + digestBytes;

/** The first bytes of every checkpoint, after the header of the map. */
const head = Buffer.from("\xa6format\xa7rivulet", "latin1");
/** What follows in this and later versions: the key of the version, and a small integer. */
const versionHeader = Buffer.from("\xa7version", "latin1");
/** Bytes of a file that hold its version: the header of the map takes up to 5. */
export const beginBytes = 5 + head.length + versionHeader.length + 1;

/**
 * Encodes a checkpoint as chunks; concatenated, they are the file. Weights and other typed arrays are views on the
 * checkpoint's memory, not copies: write or copy the chunks before that memory changes.
 *
 * @throws TypeError for a checkpoint that `decodeCheckpoint` would reject
 */
export function encodeCheckpoint(checkpoint: Checkpoint): Uint8Array[] {
  const chunks = encodeUnsealed(checkpoint);
  const hash = createSha256();
  for (const chunk of chunks.slice(0, -1)) hash.update(chunk);
  chunks[chunks.length - 1].set(hash.digest());
  return chunks;
}

/**
 * Encodes a checkpoint like `encodeCheckpoint`, but leaves the digest zero. Copy the chunks, then call `sealCheckpoint` on
 * the copy; the checkpoint's memory may change meanwhile.
 *
 * @throws TypeError for a checkpoint that `decodeCheckpoint` would reject
 */
export function encodeUnsealed(checkpoint: Checkpoint): Uint8Array[] {
  // What is learned is worth more than a count: a file that begins at the largest one is refused when it is read.
  const fault = faultOf(checkpoint, Number.MAX_SAFE_INTEGER);
  if (fault !== undefined) throw new TypeError(`this checkpoint cannot be stored: ${fault}`);
  const stored = (key: (typeof stateKeys)[number]) => storeState(checkpoint[key], key);
  return pack({
    format: "rivulet",
    version,
    createdAt: checkpoint.createdAt,
    ...(checkpoint.name === undefined ? {} : { name: checkpoint.name }),
    ...(checkpoint.status === undefined ? {} : { status: storeState(checkpoint.status, "status") }),
    model: stored("model"),
    features: stored("features"),
    target: stored("target"),
    optimizer: stored("optimizer"),
    training: stored("training"),
    step: checkpoint.step,
    samplesSeen: checkpoint.samplesSeen,
    random: stored("random"),
    parameters: checkpoint.parameters.map(storeTensor),
    optimizerState: checkpoint.optimizerState.map(storeTensor),
    learnerState: stored("learnerState"),
    featureState: stored("featureState"),
    metrics: stored("metrics"),
    ...(checkpoint.history === undefined ? {} : { history: storeState(checkpoint.history, "history") }),
    ...(checkpoint.daemonState === undefined
      ? {}
      : { daemonState: storeState(checkpoint.daemonState, "daemonState") }),
    // In its own chunk, the last one.
    digest: new Uint8Array(digestBytes),
  });
}

/**
 * Computes and writes the digest of an encoded checkpoint. It yields to the event loop every 4 KiB, so that samples are
 * processed meanwhile: a small processor needs 10 ms for a megabyte.
 *
 * @param bytes the complete checkpoint, changed in place
 */
export async function sealCheckpoint(bytes: Uint8Array): Promise<void> {
  const end = bytes.length - digestBytes;
  const hash = createSha256();
  for (let at = 0; at < end; at += sealedAtOnceBytes) {
    if (at > 0) await new Promise(setImmediate);
    hash.update(bytes.subarray(at, Math.min(at + sealedAtOnceBytes, end)));
  }
  bytes.set(hash.digest(), end);
}

/**
 * Decodes a checkpoint file into new memory. It verifies the digest before it decodes anything, and checks each length in
 * the file before it allocates memory for it.
 *
 * @param where name of the file, for the start of an error sentence
 * @throws CheckpointError for bytes that are truncated, damaged, malformed, or from a newer version
 */
export function decodeCheckpoint(bytes: Uint8Array, where: string): Checkpoint {
  checkDigest(bytes, where);
  const document = unpack(bytes, where) as PlainMap;
  checkVersion(document, where);
  checkKeys(document, where);
  const restored = (key: (typeof stateKeys)[number]) => restoreState(document[key], key, where);
  const checkpoint = {
    createdAt: document["createdAt"] as string,
    ...(Object.hasOwn(document, "name") ? { name: document["name"] as string } : {}),
    ...(Object.hasOwn(document, "status")
      ? { status: restoreState(document["status"], "status", where) }
      : {}),
    model: restored("model"),
    features: restored("features"),
    target: restored("target"),
    optimizer: restored("optimizer"),
    training: restored("training"),
    step: document["step"] as number,
    samplesSeen: document["samplesSeen"] as number,
    random: restored("random"),
    parameters: restoreTensors(document, "parameters", where),
    optimizerState: restoreTensors(document, "optimizerState", where),
    learnerState: restored("learnerState"),
    featureState: restored("featureState"),
    metrics: restored("metrics"),
    ...(Object.hasOwn(document, "history")
      ? { history: restoreState(document["history"], "history", where) }
      : {}),
    ...(Object.hasOwn(document, "daemonState")
      ? { daemonState: restoreState(document["daemonState"], "daemonState", where) }
      : {}),
  };
  const fault = faultOf(checkpoint);
  if (fault !== undefined)
    throw new CheckpointError("checkpoint.malformed", `${where} is malformed: ${fault}`);
  return checkpoint;
}

/** What a checkpoint says of itself, without what it has learned. */
export type CheckpointSummary = Pick<Checkpoint, "createdAt" | "name" | "samplesSeen" | "step" | "status">;

/**
 * Verifies a checkpoint file like `decodeCheckpoint` as far as it can without copying what was learned: digest, version
 * and keys.
 *
 * @throws CheckpointError as `decodeCheckpoint`
 */
export function summarizeCheckpoint(bytes: Uint8Array, where: string): CheckpointSummary {
  checkDigest(bytes, where);
  const document = unpack(bytes, where) as PlainMap;
  checkVersion(document, where);
  checkKeys(document, where);
  const { createdAt, name, samplesSeen, step } = document as Record<string, unknown>;
  const fault = faultOfHead({ createdAt, name, samplesSeen, step });
  if (fault !== undefined)
    throw new CheckpointError("checkpoint.malformed", `${where} is malformed: ${fault}`);
  return {
    createdAt: createdAt as string,
    ...(name === undefined ? {} : { name: name as string }),
    samplesSeen: samplesSeen as number,
    step: step as number,
    ...(Object.hasOwn(document, "status")
      ? { status: restoreState(document["status"], "status", where) }
      : {}),
  };
}

/** Whether the last `tailBytes` bytes of a file look like the end of a checkpoint: a quick check that does not verify the digest. */
export function endsInDigest(tail: Uint8Array): boolean {
  return tail.length === tailBytes && digestHeader.equals(tail.subarray(0, digestHeader.length));
}

/** Whether the first `beginBytes` bytes of a file are those of a checkpoint of a later version: a quick check, as `endsInDigest`. */
export function beginsAsNewer(begin: Uint8Array): boolean {
  const at = endOfHead(begin);
  if (at === null) return false;
  const end = at + versionHeader.length;
  return versionHeader.equals(begin.subarray(at, end)) && begin[end] > version;
}

/** Where the first bytes of every checkpoint end; null where the file begins otherwise. */
function endOfHead(bytes: Uint8Array): number | null {
  // The header of the map precedes the first key and takes 1, 3 or 5 bytes.
  const start = [1, 3, 5].find((each) => head.equals(bytes.subarray(each, each + head.length)));
  return start === undefined ? null : start + head.length;
}

function checkDigest(bytes: Uint8Array, where: string): void {
  const least = 1 + head.length + tailBytes;
  if (bytes.length < least) {
    throw new CheckpointError(
      "checkpoint.truncated",
      `${where} is truncated: found ${bytes.length} bytes, expected at least ${least}`,
    );
  }
  if (endOfHead(bytes) === null) {
    throw new CheckpointError(
      "checkpoint.damaged",
      `${where} is not a checkpoint of Rivulet, or its start is damaged: it does not begin with format: "rivulet"`,
    );
  }
  if (!endsInDigest(bytes.subarray(-tailBytes))) {
    throw new CheckpointError(
      "checkpoint.truncated",
      `${where} is truncated: it begins as a checkpoint, but its ${bytes.length} bytes do not end in a digest`,
    );
  }
  const hash = createSha256();
  hash.update(bytes.subarray(0, -digestBytes));
  const found = hash.digest();
  const expected = bytes.subarray(-digestBytes);
  if (Buffer.compare(found, expected) !== 0) {
    const short = (digest: Uint8Array) => `${Buffer.from(digest.subarray(0, 4)).toString("hex")}…`;
    throw new CheckpointError(
      "checkpoint.damaged",
      `${where} is damaged: the SHA-256 of its content is ${short(found)}, but its digest is ${short(expected)}`,
    );
  }
}

function checkVersion(document: PlainMap, where: string): void {
  const found = document["version"];
  if (typeof found !== "number" || !Number.isSafeInteger(found) || found < 1) {
    throw new CheckpointError(
      "checkpoint.malformed",
      `${where} is malformed: version is ${show(found)}, expected ${version}`,
    );
  }
  if (found > version) {
    throw new CheckpointError(
      "checkpoint.newer-version",
      `${where} has version ${found} of the checkpoint format, but this Rivulet reads versions up to ${version}; update Rivulet on this machine`,
    );
  }
}

function checkKeys(document: PlainMap, where: string): void {
  const missing = requiredKeys.find((key) => !Object.hasOwn(document, key));
  if (missing !== undefined)
    throw new CheckpointError(
      "checkpoint.malformed",
      `${where} is malformed: the key "${missing}" is missing`,
    );
  // From version 2 on there may be keys that a later Rivulet has added.
  if (document["version"] !== 1) return;
  const unknown = Object.keys(document).find((key) => key !== "name" && !requiredKeys.includes(key));
  if (unknown !== undefined) {
    throw new CheckpointError(
      "checkpoint.malformed",
      `${where} is malformed: version 1 of the format has no key ${show(unknown)}`,
    );
  }
}

function storeTensor({ name, shape, data }: Tensor): PlainMap {
  return { name, shape, dtype: "f32", data: bytesOf(data) };
}

function restoreTensors(document: PlainMap, key: string, where: string): Tensor[] {
  const stored = document[key];
  if (!Array.isArray(stored)) {
    throw new CheckpointError(
      "checkpoint.malformed",
      `${where} is malformed: ${key} is ${show(stored)}, expected an array`,
    );
  }
  return stored.map((entry, index) => {
    const { name, shape, dtype, data } = (entry ?? {}) as PlainMap;
    const whole = data instanceof Uint8Array && data.length % Float32Array.BYTES_PER_ELEMENT === 0;
    if (!Array.isArray(shape) || dtype !== "f32" || !whole || Object.keys(entry as PlainMap).length !== 4) {
      throw new CheckpointError(
        "checkpoint.malformed",
        `${where} is malformed: ${key}[${index}] is not a map of a name, a shape, the dtype "f32" and binary data`,
      );
    }
    return { name: name as string, shape: shape as number[], data: new Float32Array(copyOf(data).buffer) };
  });
}

/** What is wrong with the values of a checkpoint, as a clause; each part of a learner validates its own State. */
function faultOf(checkpoint: Checkpoint, mostCount = largestCount): string | undefined {
  const fault = faultOfHead(checkpoint, mostCount);
  if (fault !== undefined) return fault;
  for (const key of ["parameters", "optimizerState"] as const) {
    const fault = faultOfTensors(checkpoint[key], key);
    if (fault !== undefined) return fault;
  }
  return undefined;
}

type Head = Record<"createdAt" | "step" | "samplesSeen", unknown> & { name?: unknown };

function faultOfHead(head: Head, mostCount = largestCount): string | undefined {
  const { createdAt, name } = head;
  if (!isText(createdAt) || Number.isNaN(Date.parse(createdAt))) {
    return `createdAt is ${show(createdAt)}, expected a date such as "2026-01-31T12:00:00.000Z"`;
  }
  if (name !== undefined && !isText(name)) return `name is ${show(name)}, expected text`;
  for (const key of ["step", "samplesSeen"] as const) {
    if (!isCount(head[key], mostCount))
      return `${key} is ${show(head[key])}, expected an integer from 0 to 2^52`;
  }
  return undefined;
}

function faultOfTensors(tensors: Tensor[], key: string): string | undefined {
  const names = new Set<string>();
  for (const [index, { name, shape, data }] of tensors.entries()) {
    const where = `${key}[${index}]`;
    if (!isText(name)) return `${where}.name is ${show(name)}, expected text`;
    if (names.has(name)) return `${where}.name is ${show(name)} like an earlier one, but names must differ`;
    names.add(name);
    if (shape.length > mostAxes)
      return `${where}.shape has ${shape.length} axes, expected at most ${mostAxes}`;
    if (!shape.every((extent) => isCount(extent)))
      return `${where}.shape is ${show(shape)}, expected integers from 0`;
    const size = shape.reduce((product, extent) => product * extent, 1);
    if (size !== data.length) {
      return `${where} (${name}) has ${data.length} numbers, but its shape [${shape}] needs ${size}`;
    }
  }
  return undefined;
}

function show(value: unknown): string {
  if (value instanceof Uint8Array) return "binary data";
  if (typeof value === "number") return String(value); // JSON has no NaN
  return JSON.stringify(value)?.slice(0, 60) ?? "missing";
}
