import { expect, test } from "vitest";
import { createJsonLog, createPlainLog, type Log } from "../../src/daemon/log.ts";
import { LogLimit } from "../../src/daemon/log-limit.ts";

const dayMs = 24 * 60 * 60 * 1000;

/** A clock that a test sets, and the limit that goes by it. */
function limitByHand(unlimited: string[] = []) {
  const time = { ms: 0 };
  const clock = { now: () => time.ms, systemAhead: () => 0 };
  return { time, limit: new LogLimit({ unlimited, clock }) };
}

/** Counts lines and bytes, and keeps the last line. */
function counter() {
  const written = { lines: 0, bytes: 0, last: "" };
  const write = (text: string) => {
    written.lines++;
    written.bytes += Buffer.byteLength(text);
    written.last = text;
  };
  return { written, stream: { write } };
}

test("writes a burst of one kind of line, then one in five minutes with the number of those left out", () => {
  const { time, limit } = limitByHand();
  const admitted = Array.from({ length: 20 }, () => limit.admit("source", 100));
  expect(admitted).toEqual([...Array(12).fill(0), ...Array(8).fill(null)]);
  time.ms += 5 * 60 * 1000;
  expect(limit.admit("source", 100)).toBe(8);
  expect(limit.admit("source", 100)).toBeNull();
  expect(limit.leftOut).toBe(9);
});

test("does not let one kind of line silence another", () => {
  const { limit } = limitByHand();
  for (let line = 0; line < 1000; line++) limit.admit("source", 100);
  expect(limit.admit("drift", 100)).toBe(0);
});

test("says in the next line of a kind how many before it were left out", () => {
  const { time, limit } = limitByHand();
  const { written, stream } = counter();
  const log = createPlainLog(stream, stream, { limit, environment: { JOURNAL_STREAM: "8:1" } });
  for (let line = 0; line < 15; line++) log({ event: "source", text: "lost" });
  expect(written.lines).toBe(12);
  time.ms += 5 * 60 * 1000;
  log({ event: "source", text: "lost" });
  expect(written.last).toBe("lost (3 such lines before it were left out)\n");
});

test("tells a program the same as a number", () => {
  const { time, limit } = limitByHand();
  const { written, stream } = counter();
  const log = createJsonLog(stream, limit);
  for (let line = 0; line < 15; line++) log({ event: "source", text: "lost" });
  expect(JSON.parse(written.last)).not.toHaveProperty("leftOut");
  time.ms += 5 * 60 * 1000;
  log({ event: "source", text: "lost" });
  expect(JSON.parse(written.last)).toMatchObject({ event: "source", leftOut: 3 });
});

test("writes every line of a kind that the user named an interval for", () => {
  const { limit } = limitByHand(["status"]);
  for (let line = 0; line < 100_000; line++) expect(limit.admit("status", 1000)).toBe(0);
});

/** A day in which a peer comes and goes every two seconds, all else that can fail does so as often, and texts are long. */
function dayOfTrouble(log: Log, time: { ms: number }): void {
  const kinds = [
    "port",
    "drift",
    "checkpoint-fails",
    "checkpoint-works-again",
    "clock-set",
    "alarm",
    "gpio-problem",
  ];
  const reason = "0123456789".repeat(30);
  for (; time.ms < dayMs; time.ms += 2000) {
    log({ event: "source", text: `the connection to 10.0.0.7:4000 was closed by the peer; reconnecting` });
    log({ event: "source", text: "connected to 10.0.0.7:4000" });
    for (const event of kinds) log({ event, text: `${event}: ${reason}`, problem: true });
    if (time.ms % 60_000 === 0)
      log({ event: "status", text: reason, details: { scores: reason.repeat(20) } });
  }
}

test.each([
  { name: "plain lines", create: createPlainLog },
  {
    name: "JSON",
    create: (stream: { write(text: string): void }, _: unknown, { limit }: { limit: LogLimit }) =>
      createJsonLog(stream, limit),
  },
])("writes at most 5 MB in a day of trouble, as $name, and counts all that it left out", ({ create }) => {
  const { time, limit } = limitByHand();
  const { written, stream } = counter();
  let entries = 0;
  const log = create(stream, stream, { limit });
  dayOfTrouble((entry) => {
    entries++;
    log(entry);
  }, time);
  expect(entries).toBeGreaterThan(380_000);
  expect(written.bytes).toBeLessThanOrEqual(5_000_000);
  expect(written.lines + limit.leftOut).toBe(entries);
});
