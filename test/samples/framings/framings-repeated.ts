import { feedInChunks } from "../streams.ts";
import { decoderOf, type Given } from "./framing-trials.ts";

const turns = 500;
const of = (line: (i: number) => string | Buffer) =>
  Buffer.concat(Array.from({ length: turns }, (_, i) => Buffer.from(line(i) as string)));

function veDirect(i: number): Buffer {
  const text = Buffer.from(`\r\nV\t${12_000 + i}\r\nI\t${-i / 8}\r\nChecksum\t`);
  const sum = text.reduce((total, byte) => total + byte, 0);
  return Buffer.concat([text, Buffer.of((256 - (sum & 255)) & 255)]);
}

function sentence(text: string): string {
  const sum = Buffer.from(text).reduce((total, byte) => total ^ byte, 0);
  return `$${text}*${sum.toString(16).toUpperCase().padStart(2, "0")}\r\n`;
}

function dust(i: number): Buffer {
  const bytes = Buffer.from([0x42, 0x4d, 0, 6, 0, i & 255, 1, i >> 8, 0, 0]);
  bytes.writeUInt16BE(
    bytes.subarray(0, 8).reduce((sum, byte) => sum + byte, 0),
    8,
  );
  return bytes;
}

const u16 = (name: string) => ({ name, type: "u16" as const });
const streams: [Given, Buffer][] = [
  [
    { framing: "blocks", fields: ["a", "b"], details: { end: "--" } },
    of((i) => `a: ${i / 8} C\nb=${-i}.25\n--\n`),
  ],
  [{ framing: "teleplot", fields: ["a", "b"] }, of((i) => `>a:${i}:${i / 8}§C\n>b:${-i}\n`)],
  [{ framing: "p1", fields: ["1:1", "1:2"] }, of((i) => `/X\r\n1:1(${i / 8}*kWh)\r\n1:2(${i})\r\n!\r\n`)],
  [{ framing: "ve-direct", fields: ["V", "I"] }, of(veDirect)],
  [
    { framing: "nmea", fields: ["RMC.latitude", "RMC.speed"] },
    of((i) => sentence(`GPRMC,1,A,4807.038,S,01131.000,E,${i / 8},4`)),
  ],
  [
    {
      framing: "binary",
      fields: [u16("a"), u16("b")],
      details: { start: [0x42, 0x4d], length: "u16be", checksum: "sum16be" },
    },
    of(dust),
  ],
];

/** A million samples, some of each framing; the ring discards none, as it is emptied as a learner would. */
const decoders = streams.map(([given, bytes]) => ({ ...decoderOf({ ...given, capacity: 20_000 }), bytes }));
const rounds = Math.ceil(1_000_000 / (turns * streams.length));
const sizes = [997];

export default () => {
  for (const { decoder, ring, bytes } of decoders) {
    const before = decoder.counts.samples;
    for (let round = 0; round < rounds; round++) {
      feedInChunks(decoder, bytes, sizes);
      while (ring.length > 0) ring.release();
    }
    if (decoder.counts.samples - before !== rounds * turns) throw new Error("not every sample was decoded");
  }
};
