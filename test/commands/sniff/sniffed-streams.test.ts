/** What a user finds who listens at a wrong rate, in the middle of a stream, or for a moment only. */
import { describe, expect, test } from "vitest";
import { startingConfig } from "../../../src/commands/sniff/starting-config.ts";
import { parseConfig } from "../../../src/config/config.ts";
import { recognize } from "../../../src/samples/recognition/recognize.ts";
import { resample } from "../../samples/recognition/uart.ts";
import { frames } from "../../samples/streams.ts";

const rows = Array.from({ length: 60 }, (_, i) => ({
  temp: (20 + 3 * Math.sin(i)).toFixed(2),
  hum: (45 + ((i * 7) % 11) / 2).toFixed(1),
  label: i % 3,
}));
const text = (line: (row: (typeof rows)[number]) => string | number) =>
  Buffer.from(rows.map((row) => `${line(row)}\r\n`).join(""));
const streams: Record<string, Buffer> = {
  "one number a line": text(({ temp }) => temp),
  "one whole number a line": text(({ hum }) => Math.round(20 * Number(hum))),
  cells: text(({ temp, hum, label }) => `${temp},${hum},${label}`),
  pairs: text(({ temp, hum, label }) => `Temp:${temp} Hum:${hum} Label:${label}`),
  objects: text(({ temp, hum, label }) => `{"temp":${temp},"hum":${hum},"label":${label}}`),
  frames: Buffer.from(frames(0, 60)),
};

/** The fields of the config that is proposed, and what is learned of them; null without a config. */
function proposedFor(bytes: Uint8Array, startsAtLine = false) {
  const stream = recognize(bytes, startsAtLine);
  const port = { path: "/dev/ttyUSB0", baudRate: 9600 };
  const written = stream.framing === null ? null : startingConfig(stream, port, 20);
  if (written === null) return null;
  // Nothing in a frame says which of its fields is to be predicted.
  const isOpen = !/^(target|anomaly):/m.test(written);
  const { source, target, anomaly } = parseConfig(
    isOpen ? `${written}target: { column: field2 }\n` : written,
    "s.yaml",
  );
  return {
    framing: source.framing,
    fields: source.fields?.map(({ name }) => name),
    target: target?.column ?? null,
    isWatched: anomaly !== null,
  };
}

describe.each(Object.entries(streams))("of %s", (_, bytes) => {
  const whole = proposedFor(bytes);

  test("the config is the same from wherever in the stream", () => {
    expect(whole).not.toBe(null);
    for (let from = 1; from < 48; from++)
      expect(proposedFor(bytes.subarray(from)), `from byte ${from}`).toEqual(whole);
  });

  test("half a second at twenty samples a second is enough", () => {
    expect(proposedFor(bytes.subarray(0, Math.ceil(bytes.length / 6)))).toEqual(whole);
  });

  test("nothing is proposed at a wrong baud rate", () => {
    const rates = [9600, 19_200, 38_400, 57_600, 115_200];
    for (const sent of rates) {
      for (const heard of rates.filter((rate) => rate !== sent)) {
        expect(proposedFor(resample(bytes, sent, heard)), `sent at ${sent}, heard at ${heard}`).toBe(null);
      }
    }
  });
});
