import { describe, expect, test } from "vitest";
import { defineFields } from "../../../src/samples/decoding/fields.ts";
import { createFrameDecoder } from "../../../src/samples/decoding/frames.ts";
import { createLineDecoder } from "../../../src/samples/decoding/lines.ts";
import { type RingPolicy, SampleRing } from "../../../src/samples/ring.ts";
import { mergeDevices } from "../../../src/samples/sources/merge.ts";
import type { Receive, Source } from "../../../src/samples/sources/source.ts";
import { fewFields, frame } from "../streams.ts";

const maximumAgeMs = 1000;

/** Devices that send lines of so many numbers, or frames of two, merged; `send` lets one of them say something. */
async function merged(
  widths: number[],
  width: number,
  { capacity = 100, policy = "drop-oldest" as RingPolicy, sendsFrames = false } = {},
) {
  const ring = new SampleRing(width, capacity, policy);
  const receivers: Receive[] = [];
  const closed: number[] = [];
  const told: (number | null)[] = [];
  const counts = { bytes: 0, opens: 1, failures: 2, losses: 0, droppedWrites: 0, discarded: 3 };
  const devices = widths.map((fields, index) => {
    const own = new SampleRing(fields, 1, "pause");
    const names = Array.from({ length: fields }, (_, field) => ({ name: `f${field}` }));
    const source: Source = {
      counts: { ...counts, looks: 10 + index },
      async open(receive) {
        receivers[index] = receive;
      },
      async close() {
        closed.push(index);
      },
    };
    const decoder = sendsFrames
      ? createFrameDecoder(fewFields, own)
      : createLineDecoder(defineFields(names), own, { startsAtLine: true });
    return { source, decoder, ring: own };
  });
  const { source, decoder } = mergeDevices(devices, ring, {
    maximumAgeMs,
    onIncomplete: (device) => told.push(device),
  });
  let now = 0;
  let left = 0;
  await source.open((chunk, end) => {
    left = end - decoder.decode(chunk, 0, end, now);
  });
  return {
    ring,
    source,
    decoder,
    devices,
    closed,
    told,
    /** Gives the bytes that were not taken in. */
    send(device: number, said: string | Buffer, time = now): number {
      now = time;
      const bytes = Buffer.from(said as string);
      receivers[device](bytes, bytes.length);
      return left;
    },
    samples() {
      const samples: number[][] = [];
      for (; ring.length > 0; ring.release()) {
        const front = ring.front();
        samples.push([ring.times[ring.frontSlot], ...ring.values.subarray(front, front + ring.width)]);
      }
      return samples;
    },
  };
}

describe("devices with different fields", () => {
  test("make a sample for each one of the first, with the latest of every other", async () => {
    const { send, samples } = await merged([2, 1, 1], 4);
    send(1, "7\n", 10);
    send(2, "9\n", 11);
    send(0, "1,2\n3,4\n", 12);
    send(1, "8\n", 13);
    send(0, "5,6\n", 14);
    expect(samples()).toEqual([
      [12, 1, 2, 7, 9],
      [12, 3, 4, 7, 9],
      [14, 5, 6, 8, 9],
    ]);
  });

  test("leave samples out that another has not completed yet, counted, and say once whose are missing", async () => {
    const { send, samples, decoder, told } = await merged([1, 1], 2);
    send(0, "1\n2\n", 10);
    send(1, "7\n", 11);
    send(0, "3\n", 12);
    expect(samples()).toEqual([[12, 3, 7]]);
    expect(decoder.counts).toMatchObject({ samples: 1, unmatched: 2 });
    expect(told).toEqual([1, null]);
  });

  test("leave samples out while the latest of another is too old", async () => {
    const { send, samples, decoder, told } = await merged([1, 1], 2);
    send(1, "7\n", 10);
    send(0, "1\n", 10 + maximumAgeMs);
    send(0, "2\n", 11 + maximumAgeMs);
    send(1, "8\n", 12 + maximumAgeMs);
    send(0, "3\n", 12 + maximumAgeMs);
    expect(samples().map(([, ...values]) => values)).toEqual([
      [1, 7],
      [3, 8],
    ]);
    expect(decoder.counts.unmatched).toBe(1);
    expect(told).toEqual([1, null]);
  });

  test("are told apart by their bytes, however these are cut", async () => {
    const { send, samples } = await merged([1, 1], 2);
    send(1, "12");
    send(0, "3");
    send(1, "5\n");
    send(0, "4\n");
    expect(samples().map(([, ...values]) => values)).toEqual([[34, 125]]);
  });

  test("wait where the ring is full and its policy is to pause, and lose nothing", async () => {
    const { send, samples } = await merged([1, 1], 2, { capacity: 2, policy: "pause" });
    send(1, "7\n");
    expect(send(0, "1\n2\n3\n4\n")).toBe(4);
    // The others only say what completes.
    expect(send(1, "8\n")).toBe(0);
    expect(samples()).toHaveLength(2);
    expect(send(0, "3\n4\n")).toBe(0);
    expect(samples().map(([, ...values]) => values)).toEqual([
      [3, 8],
      [4, 8],
    ]);
  });
});

describe("devices with the same fields", () => {
  test("make a sample each, in the order in which they come", async () => {
    const { send, samples, decoder } = await merged([2, 2], 2);
    send(1, "1,2\n", 10);
    send(0, "3,4\n", 11);
    send(1, "5,6\n", 12);
    expect(samples()).toEqual([
      [10, 1, 2],
      [11, 3, 4],
      [12, 5, 6],
    ]);
    expect(decoder.counts).toMatchObject({ samples: 3, unmatched: 0 });
  });
});

test.each([
  ["different fields", 4, [[12, 7, 74]]],
  [
    "the same fields",
    2,
    [
      [11, 3, 33],
      [12, 7, 74],
    ],
  ],
])(
  "devices with %s hand on the time, number and device time of the sample that makes one",
  async (_, width, made) => {
    const { send, ring, decoder } = await merged([2, 2], width, { sendsFrames: true });
    send(1, frame(3, { milliseconds: 33 }), 11);
    send(0, frame(7, { milliseconds: 74 }), 12);
    const found: number[][] = [];
    for (; ring.length > 0; ring.release()) {
      const slot = ring.frontSlot;
      found.push([ring.times[slot], ring.sequences[slot], ring.deviceTimes[slot]]);
    }
    expect(found).toEqual(made);
    send(1, frame(5), 13);
    expect(decoder.counts.missing).toBe(1);
  },
);

describe("the merged source", () => {
  test("counts what all of them count, and the looks of each by itself", async () => {
    const { source, send, decoder } = await merged([1, 1], 2);
    send(0, "x\n");
    send(1, "nan\n");
    const summed = { bytes: 0, opens: 2, failures: 4, losses: 0, droppedWrites: 0, discarded: 6 };
    expect(source.counts).toEqual({ ...summed, looks: [10, 11] });
    expect(decoder.counts).toMatchObject({ bytes: 6, damaged: 1, rejected: 1 });
  });

  test("closes all of them, also when one cannot be opened", async () => {
    const { source, closed, devices, ring } = await merged([1, 1], 2);
    await source.close();
    expect(closed).toEqual([0, 1]);
    const [first, second] = devices;
    const broken: Source = { ...second.source, open: () => Promise.reject(new Error("no such port")) };
    const both = [first, { ...second, source: broken }];
    const { source: other } = mergeDevices(both, ring, { maximumAgeMs });
    await expect(other.open(() => {})).rejects.toThrow("no such port");
    expect(closed).toEqual([0, 1, 0, 1]);
  });
});
