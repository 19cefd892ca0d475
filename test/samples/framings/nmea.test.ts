import { expect, test } from "vitest";
import { recognize } from "../../../src/samples/recognition/recognize.ts";
import { expectSameInAnyChunks, type Given, read } from "./framing-trials.ts";

const given: Given = {
  framing: "nmea",
  fields: ["RMC.latitude", "RMC.longitude", "RMC.speed", "GGA.altitude", "MWV.3"],
};

function sentence(text: string): string {
  const sum = Buffer.from(text).reduce((total, byte) => total ^ byte, 0);
  return `$${text}*${sum.toString(16).toUpperCase().padStart(2, "0")}\r\n`;
}

const turn = (i: number) =>
  sentence(
    `GPRMC,1235${String(i % 60).padStart(2, "0")},A,4807.038,N,01131.000,W,0${i}.4,084.4,230394,003.1,W`,
  ) +
  sentence("GPGSV,3,1,11,03,03,111,00,04,15,270,00") +
  sentence(`GNGGA,123519,4807.038,N,01131.000,E,1,08,0.9,${545 + i}.4,M,46.9,M,,`) +
  sentence(`WIMWV,214.8,R,${i}.5,K,A`);
const stream = Buffer.from(Array.from({ length: 20 }, (_, i) => turn(i)).join(""));

test("a turn of sentences is a sample, with degrees, whoever talks", () => {
  // The published example of an RMC sentence, with its checksum.
  const known = "$GPRMC,123519,A,4807.038,N,01131.000,E,022.4,084.4,230394,003.1,W*6A\r\n";
  expect(read(known, { framing: "nmea", fields: ["RMC.speed", "RMC.8"] }).rows).toEqual([[22.4, 84.4]]);
  expect(read(known, { framing: "nmea", fields: ["RMC.speed", "RMC.course"] }).rows).toEqual([[22.4, 84.4]]);
  const { rows, counts } = read(stream, given);
  expect(counts).toMatchObject({ samples: 20, damaged: 0, bytes: stream.length });
  expect(rows[3][0]).toBeCloseTo(48.1173, 9);
  expect(rows[3][1]).toBeCloseTo(-11.516666666, 8);
  expect(rows[3].slice(2)).toEqual([3.4, 548.4, 3.5]);
});

test("sentences are the same in any chunks", () => {
  expectSameInAnyChunks(stream.subarray(0, 2000), given);
});

test("a damaged sentence is refused by its checksum, and the next turn is whole again", () => {
  const text = stream.toString("latin1").replace("$GPRMC,123503,A,48", "$GPRMC,123503,A,49");
  const { counts, refused, rows } = read(text, given);
  expect(refused).toMatchObject({ checksum: 1 });
  expect(counts.samples).toBe(19);
  expect(rows.every(([latitude]) => Math.abs(latitude - 48.1173) < 1e-6)).toBe(true);
});

test("is recognized, with the names of common fields", () => {
  const found = recognize(stream.subarray(10), false);
  expect(found).toMatchObject({ framing: "nmea" });
  expect(found.framing === null ? [] : found.fields.map(({ name }) => name)).toEqual(
    expect.arrayContaining(["RMC.speed", "GGA.altitude", "MWV.angle"]),
  );
});
