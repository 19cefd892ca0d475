/** devices/firmware/rivulet.h against src/samples, both directions: two people's reading of one format. */
import { describe, expect, test } from "vitest";
import { createRandom, type Random } from "../../src/engine/model/random.ts";
import {
  defineFields,
  type Field,
  type FieldType,
  fieldBytes,
  packedBytes,
} from "../../src/samples/decoding/fields.ts";
import { createFrameReplies } from "../../src/samples/decoding/frame-replies.ts";
import { createFrameDecoder, createFrameEncoder } from "../../src/samples/decoding/frames.ts";
import { type ReplyEncoder, replyAt, replyKinds } from "../../src/samples/decoding/replies.ts";
import { SampleRing } from "../../src/samples/ring.ts";
import { type Reply, replyOf } from "../samples/decoding/read-replies.ts";
import { trials } from "../trials.ts";
import { compile, here, needingProgram, runProgram } from "./compile.ts";

/** With each checksum and in each direction, in all 50,000 frames. */
const layoutCount = trials(100, 250);
const framesPerLayout = 50;
/** A frame carries 32 bits of milliseconds; what the decoder hands on counts their wraps. */
const clockWrap = 2 ** 32;

/** In the order of their codes in frames.c. */
const types: FieldType[] = ["f32", "f64", "i8", "u8", "i16", "u16", "i32", "u32"];

interface Sent {
  sequence: number;
  milliseconds: number;
  values: number[];
  /** The values' bytes, as a frame holds them. */
  raw: Buffer;
}

interface Layout {
  fields: Field[];
  samples: Sent[];
}

const below = (random: Random, bound: number) => Math.floor(random.uniform() * bound);

/** Mostly a few fields, one layout in ten long enough for several COBS blocks. */
function randomFields(random: Random): Field[] {
  const count = below(random, 10) === 0 ? 1 + below(random, 400) : 1 + below(random, 12);
  const only = below(random, 4) === 0 ? types[below(random, types.length)] : undefined;
  return defineFields(
    Array.from({ length: count }, (_, at) => ({
      name: `f${at}`,
      type: only ?? types[below(random, types.length)],
    })),
  );
}

const readers: Record<FieldType, (view: DataView, at: number) => number> = {
  f32: (view, at) => view.getFloat32(at, true),
  f64: (view, at) => view.getFloat64(at, true),
  i8: (view, at) => view.getInt8(at),
  u8: (view, at) => view.getUint8(at),
  i16: (view, at) => view.getInt16(at, true),
  u16: (view, at) => view.getUint16(at, true),
  i32: (view, at) => view.getInt32(at, true),
  u32: (view, at) => view.getUint32(at, true),
};

/** A sample of random bytes; some hold nothing but zeros, some none, so that COBS blocks are short and full. */
function randomSample(random: Random, fields: Field[]): Sent {
  const raw = Buffer.alloc(packedBytes(fields));
  const view = new DataView(raw.buffer, raw.byteOffset);
  const kind = below(random, 6);
  for (let at = 0; at < raw.length; at++) {
    const sort = kind < 3 ? kind : below(random, 3);
    raw[at] = sort === 0 ? 0 : sort === 1 ? 1 + below(random, 255) : below(random, 256);
  }
  let at = 0;
  const values = fields.map(({ type }) => {
    const bytes = fieldBytes[type];
    // What is not finite is no sample: a small exponent makes it one.
    if (!Number.isFinite(readers[type](view, at))) raw[at + bytes - 1] = 1;
    at += bytes;
    return readers[type](view, at - bytes);
  });
  return { sequence: below(random, 2 ** 16), milliseconds: below(random, 2 ** 32), values, raw };
}

function layouts(seed: number, count = layoutCount): Layout[] {
  const random = createRandom(seed);
  return Array.from({ length: count }, () => {
    const fields = randomFields(random);
    return { fields, samples: Array.from({ length: framesPerLayout }, () => randomSample(random, fields)) };
  });
}

/** The head of a layout as frames.c reads it. */
function head(fields: Field[], following: number): Buffer {
  const bytes = Buffer.alloc(2 + fields.length + 4);
  bytes.writeUInt16LE(fields.length, 0);
  for (const [at, { type }] of fields.entries()) bytes[2 + at] = types.indexOf(type);
  bytes.writeUInt32LE(following, 2 + fields.length);
  return bytes;
}

/** Sequence number, milliseconds and fields of a sample, packed. */
function packed({ sequence, milliseconds, raw }: Sent): Buffer {
  const start = Buffer.alloc(6);
  start.writeUInt16LE(sequence, 0);
  start.writeUInt32LE(milliseconds, 2);
  return Buffer.concat([start, raw]);
}

function encoded({ fields, samples }: Layout, crc: 16 | 32): Buffer[] {
  const encoder = createFrameEncoder(fields, { crc });
  const target = Buffer.alloc(encoder.maximumBytes);
  return samples.map(({ values, sequence, milliseconds }) =>
    Buffer.from(target.subarray(0, encoder.encode(values, sequence, milliseconds, target, 0))),
  );
}

const frameTypes = { prediction: 2, score: 3, alarm: 4 };

/** A reply of any kind that says anything a reply can say. */
function randomReply(random: Random, encoder: ReplyEncoder): Buffer {
  const { content } = encoder;
  content[replyAt.sequence] = below(random, 2 ** 16);
  content[replyAt.milliseconds] = below(random, 2 ** 32);
  content[replyAt.class] = below(random, 2048);
  content[replyAt.on] = below(random, 2);
  content[replyAt.value] = below(random, 4) === 0 ? 0 : random.uniform();
  content[replyAt.baseline] = (random.uniform() - 0.5) * 10 ** below(random, 30);
  return Buffer.from(encoder.bytes.subarray(0, encoder.encode(replyKinds[below(random, 3)])));
}

/** What frames.c writes for a reply. */
function heard({
  kind,
  sequence,
  milliseconds = 0,
  class: klass = 0,
  on = 0,
  value,
  baseline,
}: Reply): Buffer {
  const bytes = Buffer.alloc(15);
  bytes[0] = frameTypes[kind];
  bytes.writeUInt16LE(sequence, 1);
  bytes.writeUInt32LE(milliseconds, 3);
  if (kind === "score") {
    bytes.writeFloatLE(value, 7);
    bytes.writeFloatLE(baseline ?? 0, 11);
  } else {
    bytes.writeUInt16LE(klass, 7);
    bytes.writeUInt16LE(on, 9);
    bytes.writeFloatLE(value, 11);
  }
  return bytes;
}

/** What stands between the zeros of a line. */
function stretches(line: Buffer): Buffer[] {
  const found: Buffer[] = [];
  let start = 0;
  for (let zero = line.indexOf(0); zero >= 0; zero = line.indexOf(0, start)) {
    found.push(line.subarray(start, zero));
    start = zero + 1;
  }
  return found;
}

/** Up to 30 faults: flipped bits, zeros, cuts, inserted bytes. */
function damaged(random: Random, bytes: Uint8Array): number[] {
  const line = [...bytes];
  for (let faults = 1 + below(random, 30); faults > 0; faults--) {
    const at = below(random, line.length);
    const kind = below(random, 4);
    if (kind === 0) line[at] ^= 1 << below(random, 8);
    else if (kind === 1) line[at] = 0;
    else if (kind === 2) line.splice(at, 1 + below(random, 20));
    else line.splice(at, 0, below(random, 256), 255);
  }
  return line;
}

describe("rivulet.h", needingProgram("gcc"), () => {
  const programs = new Map<number, string>();
  const programFor = (crc: number) => {
    const program =
      programs.get(crc) ?? compile("gcc", ["-std=c99", `-DRIVULET_CRC=${crc}`, `${here}frames.c`]);
    programs.set(crc, program);
    return program;
  };

  test.each([16, 32] as const)("sends frames of any layout that our decoder reads (crc %i)", (crc) => {
    const sent = layouts(crc);
    const input = sent.flatMap(({ fields, samples }) => [
      head(fields, samples.length),
      ...samples.map(packed),
    ]);
    const { stdout } = runProgram(programFor(crc), ["encode"], Buffer.concat(input));
    let at = 0;
    let read = 0;
    for (const layout of sent) {
      const { fields, samples } = layout;
      const ring = new SampleRing(fields.length, framesPerLayout, "pause");
      const decoder = createFrameDecoder(fields, ring, { crc });
      const own = Buffer.concat(encoded(layout, crc));
      expect(stdout.subarray(at, at + own.length).equals(own)).toBe(true);
      decoder.decode(stdout, at, at + own.length, 0);
      at += own.length;
      for (const { values, sequence, milliseconds } of samples) {
        const slot = ring.front();
        // Not by `expect`, which would take longer than all the rest; negative zero is equal to zero here.
        const same =
          values.every((value, field) => value === ring.values[slot + field]) &&
          ring.sequences[ring.frontSlot] === sequence &&
          ring.deviceTimes[ring.frontSlot] % clockWrap === milliseconds;
        if (!same) throw new Error(`frame ${read} of layout ${JSON.stringify(fields)} was read wrong`);
        ring.release();
        read++;
      }
    }
    expect([read, at]).toEqual([layoutCount * framesPerLayout, stdout.length]);
  });

  test.each([16, 32] as const)("receives frames of any layout from our encoder (crc %i)", (crc) => {
    const sent = layouts(100 + crc);
    const input = sent.flatMap((layout) => {
      const frames = encoded(layout, crc);
      const bytes = frames.reduce((sum, frame) => sum + frame.length, 0);
      return [head(layout.fields, bytes), ...frames];
    });
    const { stdout } = runProgram(programFor(crc), ["decode"], Buffer.concat(input));
    const expected = sent.flatMap(({ samples }) => [
      ...samples.flatMap((sample) => [Buffer.of(1), packed(sample)]),
      Buffer.of(0),
    ]);
    expect(stdout.equals(Buffer.concat(expected))).toBe(true);
  });

  test("takes of damaged commands what our decoder takes, and nothing else", () => {
    const random = createRandom(5);
    const input: Buffer[] = [];
    const expected: Buffer[] = [];
    let taken = 0;
    for (const layout of layouts(7, 400)) {
      const { fields, samples } = layout;
      const ring = new SampleRing(fields.length, framesPerLayout, "pause");
      const decoder = createFrameDecoder(fields, ring);
      const line = Buffer.from(damaged(random, Buffer.concat(encoded(layout, 16))));
      decoder.decode(line, 0, line.length, 0);
      input.push(head(fields, line.length), line);
      for (; ring.length > 0; ring.release()) {
        ring.front();
        const at = ring.frontSlot;
        const sample = samples.find(
          ({ sequence, milliseconds }) =>
            sequence === ring.sequences[at] && milliseconds === ring.deviceTimes[at] % clockWrap,
        );
        if (sample === undefined) throw new Error("our decoder took a damaged frame");
        expected.push(Buffer.of(1), packed(sample));
        taken++;
      }
      expected.push(Buffer.of(0));
    }
    const { stdout } = runProgram(programFor(16), ["decode"], Buffer.concat(input));
    expect(stdout.equals(Buffer.concat(expected))).toBe(true);
    expect(taken).toBeGreaterThan(200 * framesPerLayout);
    expect(taken).toBeLessThan(400 * framesPerLayout - 2000);
  });

  test.each([16, 32] as const)("receives replies, and no commands among them (crc %i)", (crc) => {
    const random = createRandom(200 + crc);
    const encoder = createFrameReplies({ crc });
    const line: Buffer[] = [];
    const expected: Buffer[] = [];
    // As long as a reply, and of another type.
    const fields = defineFields([{ name: "x", type: "f64" }]);
    const commands = Array.from({ length: framesPerLayout }, () => randomSample(random, fields));
    const others = encoded({ fields, samples: commands }, crc);
    for (let sent = 0; sent < layoutCount * framesPerLayout; sent++) {
      const reply = randomReply(random, encoder);
      line.push(reply);
      if (sent % 10 === 0) line.push(others[(sent / 10) % others.length]);
      expected.push(heard(replyOf(reply.subarray(0, -1), crc) as Reply));
    }
    const bytes = Buffer.concat(line);
    const { stdout } = runProgram(
      programFor(crc),
      ["replies"],
      Buffer.concat([head([], bytes.length), bytes]),
    );
    expect(stdout.equals(Buffer.concat([...expected, Buffer.of(0)]))).toBe(true);
  });

  test("takes no damaged reply", () => {
    const random = createRandom(6);
    const encoder = createFrameReplies({ crc: 16 });
    const line = Buffer.concat(
      Array.from({ length: 400 }, () =>
        Buffer.from(
          damaged(
            random,
            Buffer.concat(Array.from({ length: framesPerLayout }, () => randomReply(random, encoder))),
          ),
        ),
      ),
    );
    const expected = stretches(line)
      .map((stretch) => replyOf(stretch, 16))
      .filter((reply) => reply !== null);
    const { stdout } = runProgram(programFor(16), ["replies"], Buffer.concat([head([], line.length), line]));
    expect(stdout.equals(Buffer.concat([...expected.map(heard), Buffer.of(0)]))).toBe(true);
    expect(expected.length).toBeGreaterThan(200 * framesPerLayout);
    expect(expected.length).toBeLessThan(400 * framesPerLayout - 2000);
  });

  test("builds a frame in a buffer that is exactly long enough, and none in one that is a byte shorter", () => {
    // The sanitizer ends the program when a byte is written beyond the buffer.
    const program = compile("gcc", ["-std=c99", `${here}room.c`]);
    expect(() => runProgram(program, [])).not.toThrow();
  });
});
