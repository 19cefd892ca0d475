import { PassThrough } from "node:stream";
import { expect, test } from "vitest";
import { createJsonLog, createPlainLog, type Log } from "../../src/daemon/log.ts";

/** What a log writes to its two streams. */
function written(create: (out: PassThrough, err: PassThrough) => Log): [string, string] {
  const streams = [new PassThrough(), new PassThrough()] as const;
  const log = create(...streams);
  log({ event: "begin", text: "all is\nwell", details: { samples: 3 } });
  log({ event: "lost", text: "the port is gone", problem: true });
  return streams.map((stream) => String(stream.read() ?? "")) as [string, string];
}

const time = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z /;

test("writes notes and problems to different streams, one line each with its time", () => {
  const [out, err] = written((...streams) => createPlainLog(...streams, { environment: {} }));
  expect(out).toMatch(time);
  expect(out.replace(time, "")).toBe("all is well\n");
  expect(err.replace(time, "")).toBe("the port is gone\n");
});

test("leaves the time to systemd's journal, and gives it the priority of a problem", () => {
  const journal = { JOURNAL_STREAM: "8:12345" };
  expect(written((...streams) => createPlainLog(...streams, { environment: journal }))).toEqual([
    "all is well\n",
    "<4>the port is gone\n",
  ]);
});

test("writes each entry as a line of JSON with its details", () => {
  const [out] = written((out) => createJsonLog(out));
  const lines = out
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));
  expect(lines).toEqual([
    { time: expect.any(String), event: "begin", text: "all is\nwell", problem: false, samples: 3 },
    { time: expect.any(String), event: "lost", text: "the port is gone", problem: true },
  ]);
});
