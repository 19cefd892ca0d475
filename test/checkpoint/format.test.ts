import { createHash } from "node:crypto";
import fc from "fast-check";
import { pack as packAnything, unpack as unpackAnything } from "msgpackr/pack";
import { describe, expect, test } from "vitest";
import {
  type Checkpoint,
  decodeCheckpoint,
  encodeCheckpoint,
  summarizeCheckpoint,
  type Tensor,
} from "../../src/checkpoint/format.ts";
import { CheckpointError } from "../../src/errors/errors.ts";
import type { State } from "../../src/state.ts";
import { trials } from "../trials.ts";
import { sampleCheckpoint } from "./sample.ts";

const bytesOf = (checkpoint: Checkpoint) => Buffer.concat(encodeCheckpoint(checkpoint));
const decode = (bytes: Uint8Array) => decodeCheckpoint(bytes, "x.msgpack");
const sample = bytesOf(sampleCheckpoint(42));

/** The bytes with their last 32 replaced by the digest of all before, as someone who means harm would. */
function signed(bytes: Uint8Array): Buffer {
  const content = bytes.subarray(0, -32);
  return Buffer.concat([content, createHash("sha256").update(content).digest()]);
}

/** A map of hand-made key and value pairs, each as bytes, with the tail of a checkpoint and a valid digest. */
function forged(...pairs: Uint8Array[]): Buffer {
  const count = pairs.length + 2;
  const tail = Buffer.concat([Buffer.from("\xa6digest\xc4\x20", "latin1"), Buffer.alloc(32)]);
  return signed(
    Buffer.concat([
      Buffer.of(0xde, 0, count),
      Buffer.from("\xa6format\xa7rivulet", "latin1"),
      ...pairs,
      tail,
    ]),
  );
}

/** The sample as a plain map after `change`, with a valid digest. */
function altered(change: (document: Record<string, unknown>) => void): Buffer {
  const document = { ...(unpackAnything(sample) as Record<string, unknown>) };
  change(document);
  const { digest, ...rest } = document;
  return signed(Buffer.from(packAnything({ ...rest, digest })));
}

const text = fc.string({ unit: "binary", maxLength: 80 });
const anyFloat32s = fc.uint8Array({ maxLength: 40 }).map((bytes) => {
  const whole = new Uint8Array(bytes.length - (bytes.length % 4));
  whole.set(bytes.subarray(0, whole.length));
  return new Float32Array(whole.buffer); // any bit pattern: every NaN, -0, infinities, subnormals
});
const anyState = fc.letrec<{ state: State }>((tie) => ({
  state: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    fc.constant(null),
    fc.boolean(),
    fc.double(),
    fc.constantFrom(-0, 0, 2 ** 32, 2 ** 53 - 1, -(2 ** 53) + 1, 2 ** 64, -(2 ** 31) - 1, 127, 128, -32, -33),
    fc.maxSafeInteger(),
    text,
    anyFloat32s,
    fc.float64Array({ maxLength: 5 }),
    fc.array(tie("state"), { maxLength: 20 }),
    fc.dictionary(
      text.filter((key) => key !== "__proto__"),
      tie("state"),
      { maxKeys: 20, noNullPrototype: true },
    ),
  ),
})).state;
const anyTensors: fc.Arbitrary<Tensor[]> = fc.uniqueArray(
  fc
    .record({ name: text, shape: fc.array(fc.integer({ min: 0, max: 4 }), { maxLength: 3 }) })
    .chain(({ name, shape }) => {
      const size = shape.reduce((product, extent) => product * extent, 1);
      return fc
        .uint8Array({ minLength: size * 4, maxLength: size * 4 })
        .map((bytes) => ({ name, shape, data: new Float32Array(new Uint8Array(bytes).buffer) }));
    }),
  { selector: ({ name }) => name, maxLength: 5 },
);
const anyCheckpoint: fc.Arbitrary<Checkpoint> = fc.record(
  {
    createdAt: fc.date({ noInvalidDate: true }).map((date) => date.toISOString()),
    name: text,
    model: anyState,
    features: anyState,
    target: anyState,
    optimizer: anyState,
    training: anyState,
    step: fc.maxSafeNat().map((count) => count % (2 ** 52 + 1)),
    samplesSeen: fc.maxSafeNat().map((count) => count % (2 ** 52 + 1)),
    random: anyState,
    parameters: anyTensors,
    optimizerState: anyTensors,
    learnerState: anyState,
    featureState: anyState,
    metrics: anyState,
    history: anyState,
    daemonState: anyState,
  },
  { requiredKeys: requiredKeys(), noNullPrototype: true },
);

function requiredKeys() {
  const { name, status, ...rest } = sampleCheckpoint(1);
  return Object.keys(rest) as Exclude<keyof Checkpoint, "name" | "status" | "history" | "daemonState">[];
}

describe("a checkpoint that was encoded", () => {
  test("tells what the daemon said of itself, to a reader of the whole and to one of the head", () => {
    const status = { skill: 0.5, problems: ["the source is away"] };
    const bytes = Buffer.concat(encodeCheckpoint({ ...sampleCheckpoint(42), status }));
    expect(decodeCheckpoint(bytes, "x").status).toEqual(status);
    expect(summarizeCheckpoint(bytes, "x")).toEqual({
      createdAt: "2026-01-31T12:00:00.000Z",
      name: "pump-7",
      samplesSeen: 336,
      step: 42,
      status,
    });
    bytes[200] ^= 1;
    expect(() => summarizeCheckpoint(bytes, "x")).toThrow(/is damaged/);
  });

  test("comes back as it was", () => {
    expect(decode(sample)).toStrictEqual(sampleCheckpoint(42));
  });

  test("comes back bit for bit, whatever is in it", () => {
    fc.assert(
      fc.property(anyCheckpoint, (checkpoint) => {
        const bytes = bytesOf(checkpoint);
        const decoded = decode(bytes);
        expect(decoded).toStrictEqual(checkpoint);
        // Equality does not tell one NaN from another; bytes do.
        expect(bytesOf(decoded).equals(bytes)).toBe(true);
      }),
      { numRuns: 500 },
    );
  });

  test("may have keys that only end with __proto__", () => {
    const checkpoint = sampleCheckpoint(1);
    const metrics = { "\0__proto__": 1, [`${"a".repeat(40)}__proto__`]: 2 };
    expect(decode(bytesOf({ ...checkpoint, metrics })).metrics).toEqual(metrics);
  });

  test("comes back from a view that starts at any offset", () => {
    const shifted = Buffer.concat([Buffer.alloc(3), sample]).subarray(3);
    expect(decode(shifted)).toStrictEqual(sampleCheckpoint(42));
  });

  test("keeps no reference to the bytes it was decoded from", () => {
    const bytes = Buffer.from(sample);
    const decoded = decode(bytes);
    bytes.fill(0xff);
    expect(decoded).toStrictEqual(sampleCheckpoint(42));
  });

  test("has views on the weights among its chunks, not copies", () => {
    const checkpoint = sampleCheckpoint(1);
    const chunks = encodeCheckpoint(checkpoint);
    for (const { data } of [...checkpoint.parameters, ...checkpoint.optimizerState]) {
      expect(
        chunks.some((chunk) => chunk.buffer === data.buffer && chunk.byteLength === data.byteLength),
      ).toBe(true);
    }
  });

  test("is no more than 2 KB larger than its weights and optimizer state", () => {
    const { parameters, optimizerState } = sampleCheckpoint(42);
    const weights = [...parameters, ...optimizerState].reduce((sum, { data }) => sum + data.byteLength, 0);
    expect(sample.length - weights).toBeLessThan(2048);
  });

  test("ends in the SHA-256 of all bytes before its last 32", () => {
    const digest = createHash("sha256").update(sample.subarray(0, -32)).digest();
    expect(sample.subarray(-32).equals(digest)).toBe(true);
  });

  test("holds integers beyond 32 bits as integers, for languages that tell them from floats", () => {
    const bytes = bytesOf({ ...sampleCheckpoint(1), samplesSeen: 2 ** 40 });
    expect(
      bytes.includes(Buffer.concat([Buffer.from("samplesSeen"), Buffer.of(0xd3, 0, 0, 1, 0, 0, 0, 0, 0)])),
    ).toBe(true);
  });
});

describe("encoding refuses", () => {
  const cases: [string, Partial<Record<keyof Checkpoint, unknown>>, string][] = [
    ["undefined", { metrics: { loss: undefined } }, "metrics.loss cannot be stored: undefined is not state"],
    [
      "other typed arrays",
      { random: [new Uint32Array(4)] },
      "random[0] cannot be stored: Uint32Array is not state",
    ],
    ["class instances", { model: new Map() }, "model cannot be stored: Map is not state"],
    [
      "half a surrogate pair",
      { target: "\ud800" },
      "target cannot be stored: a string with an unpaired surrogate",
    ],
    ["the key __proto__", { target: JSON.parse('{"__proto__":1}') }, '"__proto__" may not be a key'],
    ["a step that is no count", { step: Number.NaN }, "step is NaN, expected an integer from 0"],
    ["a name that is no text", { name: 7 }, "name is 7, expected text"],
    ["a time that is none", { createdAt: "yesterday" }, 'createdAt is "yesterday", expected a date'],
    [
      "a shape that does not fit",
      { parameters: [{ name: "w", shape: [2, 3], data: new Float32Array(5) }] },
      "parameters[0] (w) has 5 numbers, but its shape [2,3] needs 6",
    ],
    [
      "a name that comes twice",
      { optimizerState: ["w", "w"].map((name) => ({ name, shape: [0], data: new Float32Array(0) })) },
      'optimizerState[1].name is "w" like an earlier one',
    ],
    [
      "too many loose values",
      { metrics: new Array(300_000).fill(0) },
      "more than 262144 values; use typed arrays",
    ],
  ];
  test.each(cases)("%s", (_, change, sentence) => {
    const checkpoint = { ...sampleCheckpoint(1), ...change } as Checkpoint;
    expect(() => encodeCheckpoint(checkpoint)).toThrow(TypeError);
    expect(() => encodeCheckpoint(checkpoint)).toThrow(sentence);
  });

  test("state that contains itself", () => {
    const metrics: State[] = [];
    metrics.push(metrics);
    expect(() => encodeCheckpoint({ ...sampleCheckpoint(1), metrics })).toThrow(/is nested deeper than 32$/);
  });
});

describe("decoding refuses", () => {
  test("every file with a single bit flipped", () => {
    const bytes = Buffer.from(sample);
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      bytes[bit >> 3] ^= 1 << (bit & 7);
      expectRefused(bytes);
      bytes[bit >> 3] ^= 1 << (bit & 7);
    }
  });

  test("every truncation", () => {
    for (let length = 0; length < sample.length; length++) expectRefused(sample.subarray(0, length));
  });

  test("bytes after the end", () => {
    expectRefused(Buffer.concat([sample, Buffer.of(0)]));
  });

  const damaged: [string, Uint8Array, string][] = [
    ["an empty file", Buffer.alloc(0), "x.msgpack is truncated: found 0 bytes, expected at least 57"],
    [
      "a file of zeros",
      Buffer.alloc(4096),
      "x.msgpack is not a checkpoint of Rivulet, or its start is damaged",
    ],
    [
      "a cut-off file",
      sample.subarray(0, 900),
      "x.msgpack is truncated: it begins as a checkpoint, but its 900 bytes",
    ],
    ["a flipped bit", flipped(sample, 500), "x.msgpack is damaged: the SHA-256 of its content is "],
  ];
  test.each(damaged)("%s, and says which it is", (_, bytes, sentence) => {
    expect(() => decode(bytes)).toThrow(CheckpointError);
    expect(() => decode(bytes)).toThrow(sentence);
  });

  const malformed: [string, Uint8Array, string][] = [
    [
      "a newer version",
      altered((map) => Object.assign(map, { version: 3 })),
      "update Rivulet on this machine",
    ],
    [
      "a version that is none",
      altered((map) => Object.assign(map, { version: "1" })),
      'version is "1", expected 2',
    ],
    ["a missing key", altered((map) => delete map["random"]), 'the key "random" is missing'],
    [
      "an unknown key of version 1",
      altered((map) => Object.assign(map, { version: 1, extra: 1 })),
      'has no key "extra"',
    ],
    [
      "a key twice",
      forged(Buffer.from("\xa1a\x01", "latin1"), Buffer.from("\xa1a\x02", "latin1")),
      "a map holds a key twice",
    ],
    ["a number as key", forged(Buffer.of(1, 1)), "the map key at byte 18 is not a string"],
    ["the key __proto__", forged(Buffer.from("\xa9__proto__\x80", "latin1")), 'is "__proto__"'],
    [
      "the key __proto__, 8-bit length",
      forged(Buffer.from("\xd9\x09__proto__\x80", "latin1")),
      'is "__proto__"',
    ],
    [
      "the key __proto__, 16-bit length",
      forged(Buffer.from("\xda\0\x09__proto__\x80", "latin1")),
      'is "__proto__"',
    ],
    [
      "the key __proto__, 32-bit length",
      forged(Buffer.from("\xdb\0\0\0\x09__proto__\x80", "latin1")),
      'is "__proto__"',
    ],
    [
      "an extension type",
      forged(Buffer.from("\xa1a\xd4\x72\x40", "latin1")),
      "0xd4 at byte 20 is not part of plain",
    ],
    ["the unused type", forged(Buffer.from("\xa1a\xc1", "latin1")), "0xc1 at byte 20 is not part of plain"],
    [
      "deep nesting",
      forged(Buffer.concat([Buffer.of(0xa1, 0x61), Buffer.alloc(1e6, 0x91)])),
      "nested deeper than 32",
    ],
    [
      "a message that ends early",
      signed(Buffer.concat([sample.subarray(0, -41), sample])),
      "x.msgpack is malformed",
    ],
    [
      "a time that is none",
      altered((map) => Object.assign(map, { createdAt: 5 })),
      "createdAt is 5, expected a date",
    ],
    [
      "a negative step",
      altered((map) => Object.assign(map, { step: -1 })),
      "step is -1, expected an integer from 0",
    ],
    [
      "more samples than a device can have seen",
      altered((map) => Object.assign(map, { samplesSeen: 2 ** 52 + 1 })),
      "samplesSeen is 4503599627370497, expected an integer from 0 to 2^52",
    ],
    [
      "parameters that are no array",
      altered((map) => Object.assign(map, { parameters: {} })),
      "expected an array",
    ],
    [
      "a parameter that is nil",
      altered((map) => Object.assign(map, { parameters: [null] })),
      "parameters[0] is not a map",
    ],
    [
      "loose binary data",
      altered((map) => Object.assign(map, { metrics: Buffer.of(1) })),
      "outside an array",
    ],
    [
      "a tensor of another dtype",
      altered((map) => Object.assign(map, { parameters: [tensor({ dtype: "f64" })] })),
      'parameters[0] is not a map of a name, a shape, the dtype "f32" and binary data',
    ],
    [
      "a tensor shorter than its shape",
      altered((map) => Object.assign(map, { parameters: [tensor({ shape: [2, 3] })] })),
      "parameters[0] (w) has 1 numbers, but its shape [2,3] needs 6",
    ],
    [
      "an array of state longer than its shape",
      altered((map) => Object.assign(map, { metrics: { dtype: "f64", shape: [1], data: Buffer.alloc(16) } })),
      "metrics has 16 bytes, but its shape [1] in f64 needs 8",
    ],
  ];
  test.each(malformed)("%s, although its digest is right", (_, bytes, sentence) => {
    expect(() => decode(bytes)).toThrow(CheckpointError);
    expect(() => decode(bytes)).toThrow(sentence);
  });

  test("lengths of four gigabytes, without allocating for them", () => {
    const before = bytesHeld();
    for (const type of [0xc6, 0xdb, 0xdd, 0xdf]) {
      const claim = Buffer.of(0xa1, 0x61, type, 0xff, 0xff, 0xff, 0xff);
      expectRefused(forged(claim), /needs at least (4294967295|8589934590) bytes, but only \d+ remain$/);
    }
    expect(bytesHeld() - before).toBeLessThan(20_000_000);
  });

  test("ten million empty maps, without decoding them", () => {
    const bomb = forged(Buffer.from("\xa1a\xdd\x00\x98\x96\x80", "latin1"), Buffer.alloc(0));
    const bytes = signed(
      Buffer.concat([bomb.subarray(0, -41), Buffer.alloc(10_000_000, 0x80), bomb.subarray(-41)]),
    );
    const before = bytesHeld();
    expectRefused(bytes, /it holds more than 262144 values$/);
    expect(bytesHeld() - before).toBeLessThan(20_000_000);
  });

  test("random bytes with a valid digest, and never fails in another way", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        expectRefused(forged(Buffer.concat([Buffer.of(0xa1, 0x61), bytes])));
      }),
      { numRuns: trials(1000, 5000) },
    );
  });

  test("or accepts, but never fails in another way, a file with changed bytes and a valid digest", () => {
    const change = fc.tuple(
      fc.nat(sample.length - 42),
      fc.oneof(fc.nat(255), fc.integer({ min: 0x80, max: 0xdf })),
    );
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 6 }), (changes) => {
        const bytes = Buffer.from(sample);
        for (const [offset, value] of changes) bytes[offset] = value;
        let decoded: Checkpoint;
        try {
          decoded = decode(signed(bytes));
        } catch (error) {
          expect(error).toBeInstanceOf(CheckpointError);
          return;
        }
        encodeCheckpoint(decoded); // what is accepted can be stored again
      }),
      { numRuns: trials(1000, 5000) },
    );
  });
});

function expectRefused(bytes: Uint8Array, sentence = /^x\.msgpack is .+$/) {
  let refusal: unknown;
  try {
    decode(bytes);
  } catch (error) {
    refusal = error;
  }
  // Not by `expect`, which would take longer than all the rest.
  if (!(refusal instanceof CheckpointError) || !sentence.test(refusal.message)) {
    throw new Error(`expected a refusal that matches ${sentence}, found ${refusal}`);
  }
}

/** Bytes in use now, with what is not yet collected. */
function bytesHeld(): number {
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

function flipped(bytes: Uint8Array, offset: number): Buffer {
  const copy = Buffer.from(bytes);
  copy[offset] ^= 1;
  return copy;
}

function tensor(change: Record<string, unknown>) {
  return { name: "w", shape: [1], dtype: "f32", data: Buffer.alloc(4), ...change };
}
