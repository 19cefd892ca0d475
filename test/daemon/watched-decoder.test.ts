/** A stream of which nothing is understood has a cause, also where it looks as the config says. */
import { expect, onTestFinished, test } from "vitest";
import { WatchedDecoder } from "../../src/daemon/watched-decoder.ts";
import type { Decoder } from "../../src/samples/decoding/decoder.ts";

const rows = Buffer.from("1.5,2,0\n2.5,3,1\n".repeat(20));

/** The cause of a stream of rows that a decoder with these counts has not understood. */
async function causeOf(damaged: number, unfinished = 0): Promise<string | null> {
  const counts = { bytes: rows.length, samples: 0, damaged, rejected: 0, missing: 0 };
  const decoder: Decoder = {
    counts,
    unfinished: { bytes: unfinished, most: 16_384 },
    decode: (_, __, end) => end,
    reset: () => {},
    refused: () => [{ name: "noClass", words: "with a value that is not a class", what: "", count: damaged }],
  };
  const expected = { framing: "lines", fields: ["a", "b", "c"], startsAtLine: true, baudRate: null } as const;
  const watched = new WatchedDecoder(decoder, expected, "the port", () => {});
  onTestFinished(() => watched.stopWatching());
  watched.decode(rows, 0, rows.length, 0);
  return watched.cause();
}

test("samples may still come as long as few lines are refused", async () => {
  expect(await causeOf(20)).toBeNull();
});

test("many refused lines are a cause, with the reasons", async () => {
  expect(await causeOf(589)).toMatch(
    /^all 589 lines or frames were refused \(589 with a value that is not a class\);/,
  );
});

test("bytes that never end a line are a cause, with how many there are", async () => {
  expect(await causeOf(0, 121_424)).toMatch(/^118\.6 KiB came without the end of a line or frame;/);
});
