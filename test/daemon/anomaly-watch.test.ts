import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { parseConfig } from "../../src/config/config.ts";
import type { AlarmScores } from "../../src/daemon/alarm-scores.ts";
import { AnomalyWatch } from "../../src/daemon/anomaly-watch.ts";
import { Daemon } from "../../src/daemon/daemon.ts";
import type { LogEntry } from "../../src/daemon/log.ts";
import { Outputs } from "../../src/daemon/outputs/outputs.ts";
import type { PredictionRecord } from "../../src/daemon/outputs/prediction.ts";
import { type AlarmRule, createAlarm } from "../../src/device/alarm.ts";
import type { PrequentialLearner } from "../../src/learner/prequential-learner.ts";
import { measureAllocation } from "../allocation.ts";
import { stationary } from "../learner/anomaly/streams.ts";
import { folderWith } from "../rivulet.ts";
import { until } from "../until.ts";
import { pathOf } from "./path.ts";

const minuteMs = 60_000;
const dayMs = 24 * 60 * minuteMs;
const rowMs = 5 * minuteMs;
const rowsPerDay = 288;
const start = Date.UTC(2026, 0, 5);
const usual = { alarmsPerWeek: 2, coolDownMs: null, memoryMs: 28 * dayMs, watch: null, intervalMs: null };

/** A watch of one column by the wall clock, which shows the time of the samples. */
function watchOf({ fields = [{ name: "temperature" }], zone = "UTC", ...more }: Partial<WatchWishes> = {}) {
  const entries: LogEntry[] = [];
  const config = { ...usual, ...more.config };
  const watch = new AnomalyWatch({
    config,
    fields,
    target: null,
    zone,
    log: (entry) => entries.push(entry),
  });
  const told = (event: string) => entries.filter((entry) => entry.event === event).map(({ text }) => text);
  return { watch, entries, told };
}

interface WatchWishes {
  fields: { name: string; range?: [number, number] }[];
  zone: string;
  config: Partial<typeof usual>;
}

function feed(watch: AnomalyWatch, from: number, to: number, valueAt: (row: number) => number): void {
  const values = new Float64Array(1);
  const times = new Float64Array(1);
  for (let row = from; row < to; row++) {
    values[0] = valueAt(row);
    times[0] = start + row * rowMs;
    watch.observe(values, 0, times, 0);
  }
}

describe("a permanent change", () => {
  test.each([45, 50_000])(
    "by %d is one alarm, and within the time that was stated the new normal",
    (shift) => {
      const shiftAt = 21 * rowsPerDay;
      const next = stationary["a day's course"](2);
      const { watch, entries, told } = watchOf();
      feed(watch, 0, shiftAt, next);
      const before = watch.detector.alarms;
      const after = (row: number) => next(row) + shift;
      feed(watch, shiftAt, shiftAt + 12, after);
      expect(watch.detector.alarms).toBe(before + 1);
      const text = told("anomaly").at(-1) as string;
      expect(text).toMatch(/^anomaly in temperature: .* seen, (above|below) all that it has been so far, .*/);
      expect(text).toMatch(
        /most unusual moment of the last 3 weeks \(evidence \d+\.\d, an alarm needs \d+\.\d\)/,
      );
      // 300 samples, and a cool-down of 50, of five minutes each.
      expect(text).toContain("a lasting change is taken as normal within 1 d 5 h");
      feed(watch, shiftAt + 12, shiftAt + 350, after);
      expect(watch.isOpen).toBe(false);
      expect(told("anomaly-end").at(-1)).toMatch(
        /^temperature stays at \S+ instead of \S+: taken as the new normal; the episode lasted/,
      );
      expect(watch.status()).toMatchObject({ accepted: 1, isOpen: false, alarms: before + 1 });
      expect(entries.filter(({ problem }) => problem)).toHaveLength(watch.detector.alarms);
      feed(watch, shiftAt + 350, shiftAt + 7 * rowsPerDay, after);
      expect(watch.detector.alarms).toBeLessThanOrEqual(before + 2);
    },
  );
});

describe("a daily job", () => {
  const jobFrom = 20 * rowsPerDay;
  const streamWith = (seed: number) => {
    const next = stationary["gauss"](seed);
    return (row: number) => next(row) + (row >= jobFrom && row % rowsPerDay < 12 ? 40 : 0);
  };

  test("alarms for at most three days at two alarms a week, and never again", () => {
    for (const seed of [5, 6, 7]) {
      const { watch } = watchOf();
      const stream = streamWith(seed);
      feed(watch, 0, jobFrom, stream);
      const before = watch.detector.alarms;
      feed(watch, jobFrom, jobFrom + 3 * rowsPerDay, stream);
      const first = watch.detector.alarms;
      expect(first - before).toBeGreaterThanOrEqual(1);
      feed(watch, jobFrom + 3 * rowsPerDay, jobFrom + 28 * rowsPerDay, stream);
      expect(watch.detector.alarms).toBe(first);
    }
  });

  test("that somebody says was normal alarms once, also where seven alarms a week are asked for", () => {
    for (const seed of [5, 6, 7]) {
      const { watch, told } = watchOf({ config: { alarmsPerWeek: 7 } });
      const stream = streamWith(seed);
      feed(watch, 0, jobFrom, stream);
      const before = watch.detector.alarms;
      feed(watch, jobFrom, jobFrom + 5, stream);
      expect(watch.detector.alarms).toBe(before + 1);
      expect(watch.takeAsNormal()).toMatchObject({ done: true });
      expect(watch.isOpen).toBe(false);
      expect(told("anomaly-normal")[0]).toContain("was normal: similar ones raise no alarm from now on");
      feed(watch, jobFrom + 5, jobFrom + 28 * rowsPerDay, stream);
      expect(watch.detector.alarms).toBe(before + 1);
      expect(watch.episodes[0]).toMatchObject({ saidNormal: true, number: before + 1 });
    }
  });
});

test("nothing can be normal before the first anomaly", () => {
  expect(watchOf().watch.takeAsNormal()).toEqual({
    done: false,
    text: "there has been no anomaly that could be normal",
  });
});

test("the warm-up is stated, told at its end, and silent", () => {
  const { watch, told } = watchOf();
  watch.begin();
  expect(told("anomaly-begin")).toEqual([
    "watching temperature for anomalies, at most 2 alarms a week; no alarm comes for 500 samples, nor for a day where they are slower than one a second",
  ]);
  const next = stationary["gauss"](1);
  feed(watch, 0, 100, next);
  expect(watch.text).toBe("learning what is normal, no alarm for another 400 samples and 15 h 45 min");
  feed(watch, 100, 499, (row) => (row === 300 ? 1000 : next(row)));
  expect(told("anomaly")).toEqual([]);
  expect(watch.status()).toMatchObject({ isWarm: false, samplesToWarm: 1 });
  feed(watch, 499, 500, next);
  expect(told("anomaly-warm")).toEqual([
    "what is normal is known from 500 samples: anomalies are reported from now on",
  ]);
});

test("a value outside its declared range leaves its column out, as a missing one does", () => {
  const fields = [{ name: "temperature", range: [-40, 125] as [number, number] }];
  const { watch } = watchOf({ fields });
  const next = stationary["gauss"](4);
  feed(watch, 0, 1000, (row) => (row % 100 === 50 ? 1e9 : row % 100 === 60 ? Number.NaN : next(row)));
  expect(watch.detector.rows).toBe(980);
  expect(watch.detector.alarms).toBe(0);
});

describe("a clock", () => {
  test("that jumps back or by years moves neither what is known nor the budget", () => {
    const values = new Float64Array(1);
    const times = new Float64Array(1);
    const run = (timeOf: (row: number) => number) => {
      const next = stationary["heavy tails"](7);
      const { watch } = watchOf();
      watch.setWallClock(null);
      const alarms: number[] = [];
      for (let row = 0; row < 20 * rowsPerDay; row++) {
        values[0] = next(row);
        times[0] = timeOf(row);
        const before = watch.detector.alarms;
        watch.observe(values, 0, times, 0);
        if (watch.detector.alarms > before) alarms.push(row);
      }
      return { alarms, elapsed: watch.detector.elapsedMs };
    };
    const steady = run((row) => start + row * rowMs);
    const back = run((row) => start + row * rowMs - (row > 3000 ? 60 * dayMs : 0));
    const forward = run((row) => start + row * rowMs + (row > 3000 ? 20_000 * dayMs : 0));
    expect(steady.alarms.length).toBeGreaterThan(1);
    expect(back).toEqual({ alarms: steady.alarms, elapsed: steady.elapsed - rowMs });
    // The gap counts as a day, in which nothing was learned.
    expect(forward.elapsed).toBe(steady.elapsed + dayMs - rowMs);
    expect(forward.alarms.length).toBeLessThanOrEqual(steady.alarms.length + 1);
  });

  test("teaches what is usual at an hour once it is set, and summer time moves that and is counted once", () => {
    const { watch, told } = watchOf({ zone: "Europe/Vienna" });
    watch.setWallClock(null);
    const from = Date.UTC(2026, 2, 27);
    const values = new Float64Array(1);
    const times = new Float64Array(1);
    const next = stationary["gauss"](1);
    for (let row = 0; row < 5 * rowsPerDay; row++) {
      if (row === rowsPerDay) watch.setWallClock(0, start);
      values[0] = next(row);
      times[0] = from + row * rowMs;
      watch.observe(values, 0, times, 0);
      expect(watch.status().knowsLocalTime).toBe(row >= rowsPerDay);
    }
    expect(told("local-time")).toEqual([
      "local time was moved forward by 1 h: what is usual at an hour moves with it",
    ]);
    expect(watch.status().localTimeChanges).toBe(1);
  });
});

test("a strong fault within a weak episode is no second alarm, but told while it lasts and at its end", () => {
  const strongAt = 3012;
  const feedTwo = (watch: AnomalyWatch, from: number, to: number) => {
    for (let row = from; row < to; row++) {
      const next = stationary["gauss"](row);
      const weak = row >= 3000 && row < strongAt ? 12 : 0;
      const strong = row >= strongAt && row < strongAt + 3 ? 60 : 0;
      watch.observe(Float64Array.of(next(row) + weak, next(row) + strong), 0, timesAt(row), 0);
    }
  };
  const timesAt = (row: number) => Float64Array.of(start + row * rowMs);
  const fields = [{ name: "temperature" }, { name: "current" }];
  const before = watchOf({ fields });
  feedTwo(before.watch, 0, 3001);
  expect(before.watch.text).toMatch(/^anomaly in temperature since \S+: evidence [\d.]+$/);
  feedTwo(before.watch, 3001, strongAt + 1);
  const after = watchOf({ fields });
  after.watch.restore(structuredClone(before.watch.state()));
  feedTwo(after.watch, strongAt + 1, strongAt + 4);
  const reason = /up to [\d.]+ after 1 h( \d+ min)?, current: .*\d seen/;
  expect(after.watch.status().text).toMatch(/^anomaly in temperature since/);
  expect(after.watch.status().text).toMatch(reason);
  feedTwo(after.watch, strongAt + 4, strongAt + 100);
  expect(after.told("anomaly")).toEqual([]);
  expect(after.told("anomaly-end")).toEqual([expect.stringMatching(reason)]);
  const [episode] = after.watch.status().episodes;
  expect(episode).toMatchObject({ column: "temperature", outcome: expect.stringMatching(reason) });
});

test("a restart at any sample changes nothing", () => {
  const stream = (row: number) => (row > 2500 && row < 2530 ? 30 : stationary["gauss"](row)(row));
  const whole = watchOf();
  feed(whole.watch, 0, 3000, stream);
  let parts = watchOf();
  for (let row = 0; row < 3000; row += 251) {
    const next = watchOf();
    next.watch.restore(structuredClone(parts.watch.state()));
    parts = next;
    feed(parts.watch, row, Math.min(row + 251, 3000), stream);
  }
  expect(structuredClone(parts.watch.state())).toEqual(structuredClone(whole.watch.state()));
  expect(whole.watch.episodes.length).toBeGreaterThan(0);
});

test("a restart changes nothing where a clock was set back within the half hour", () => {
  const next = stationary["a day's course"](4);
  const values = new Float64Array(1);
  const times = new Float64Array(1);
  const whole = watchOf();
  let parts = watchOf();
  times[0] = start;
  for (let row = 0; row < 400; row++) {
    times[0] += minuteMs;
    if (row === 315) times[0] -= 4 * minuteMs;
    if (row === 317) {
      const restarted = watchOf();
      restarted.watch.restore(structuredClone(parts.watch.state()));
      parts = restarted;
    }
    values[0] = next(row);
    for (const { watch } of [whole, parts]) watch.observe(values, 0, times, 0);
    expect(parts.watch.state()).toEqual(whole.watch.state());
  }
});

test("a wall clock that was set while the daemon was off holds from the first sample", () => {
  const before = watchOf();
  before.watch.setWallClock(null);
  feed(before.watch, 0, 100, stationary["gauss"](4));
  expect(before.watch.status().knowsLocalTime).toBe(false);
  const after = watchOf();
  after.watch.restore(structuredClone(before.watch.state()));
  feed(after.watch, 99, 100, stationary["gauss"](4));
  expect(after.watch.status().knowsLocalTime).toBe(true);
});

test("summer time that begins while the daemon is off moves what is usual, and is told", () => {
  const stop = Math.floor((Date.UTC(2026, 2, 29) - start) / rowMs);
  const before = watchOf({ zone: "Europe/Vienna" });
  feed(before.watch, stop - 10, stop, stationary["gauss"](4));
  const after = watchOf({ zone: "Europe/Vienna" });
  after.watch.restore(structuredClone(before.watch.state()));
  feed(after.watch, stop + 20, stop + 21, stationary["gauss"](4));
  expect(after.told("local-time")).toHaveLength(1);
});

test("the state of a version that kept less is left out, and the log says that normal is learned again", () => {
  const before = watchOf();
  feed(before.watch, 0, 50, stationary["gauss"](4));
  const state = structuredClone(before.watch.state()) as { detector: { own: Record<string, unknown> } };
  delete state.detector.own["sustained"];
  const { watch, told } = watchOf();
  watch.resume(state as never);
  expect(watch.detector.rows).toBe(0);
  expect(told("anomaly-lost")[0]).toMatch(/^what is normal is learned from the start: found no Float64Array/);
});

describe("a daemon without a target", () => {
  const rows = (until: number) => {
    const next = stationary["a day's course"](3);
    const lines = Array.from({ length: until }, (_, row) => {
      const flow = row % 97 === 5 ? "" : (row % 7) + (row >= 2000 && row < 2010 ? 40 : 0);
      return `${(20 + next(row)).toFixed(2)},${flow}\n`;
    });
    return `temperature,flow\n${lines.join("")}`;
  };
  const configIn = (folder: string, anomaly = "{ interval: 5min }") =>
    parseConfig(
      `name: pump\nsource: { file: x.csv, fields: [temperature, flow] }\nanomaly: ${anomaly}\ncheckpoint: { directory: saved }\n`,
      join(folder, "c.yaml"),
    );
  const runOf = async (folder: string, anomaly?: string) => {
    const entries: LogEntry[] = [];
    const log = (entry: LogEntry) => entries.push(entry);
    const daemon = new Daemon(configIn(folder, anomaly), { log, isWatched: true });
    await daemon.start();
    await daemon.ended;
    await daemon.stop();
    return { daemon, entries };
  };

  test("watches every column, says what it does, and continues from its checkpoint", async () => {
    const folder = folderWith();
    writeFileSync(join(folder, "x.csv"), rows(2500));
    const { daemon, entries } = await runOf(folder);
    const found = entries.filter(({ event }) => event === "anomaly");
    expect(found.some(({ details }) => details?.["column"] === "flow")).toBe(true);
    const document = (await daemon.view()).document();
    expect(document).toMatchObject({ target: null, samples: { learned: 2500, rejected: 0 } });
    expect(document.anomaly).toMatchObject({ isWarm: true, alarms: found.length });
    const again = await runOf(folder);
    expect(again.entries.find(({ event }) => event === "anomaly-begin")?.text).toContain(
      "what is normal is known",
    );
    expect(again.daemon.status().anomaly?.alarms).toBeGreaterThanOrEqual(found.length);
    expect(again.daemon.learner.samplesSeen).toBe(5000);
  });

  test("starts over and says so where other columns are watched than before", async () => {
    const folder = folderWith();
    writeFileSync(join(folder, "x.csv"), rows(600));
    await runOf(folder);
    const { entries } = await runOf(folder, "{ interval: 5min, watch: [flow] }");
    expect(entries.find(({ event }) => event === "anomaly-lost")?.text).toBe(
      "what is normal is learned from the start: found the columns temperature, flow in the stored anomaly detector, expected flow; restore a state of the same columns",
    );
  });

  test("refuses a CSV file without the time between its rows", async () => {
    const folder = folderWith();
    writeFileSync(join(folder, "x.csv"), rows(10));
    await expect(runOf(folder, "{}")).rejects.toThrow(
      "has no clock; name the column with the time in source.time, or say how much time is between two rows, such as anomaly: { interval: 5min }",
    );
  });
});

test("a prediction says how unusual the sample and the latest while are, and which episode is under way", () => {
  const { watch } = watchOf();
  const records: PredictionRecord[] = [];
  const output = {
    name: "x",
    isActive: true,
    sent: 0,
    dropped: 0,
    send: (record: PredictionRecord) => void records.push(record),
    close() {},
  };
  const learner = { classes: 0, isInformed: false } as unknown as PrequentialLearner;
  const outputs = new Outputs([output], null, learner, {} as AlarmScores, watch, () => {});
  const next = stationary["gauss"](4);
  feed(watch, 0, 1000, (row) => (row === 999 ? 60 : next(row)));
  outputs.observe(1000, Float64Array.of(start), 0);
  const { evidence, threshold, sustained } = watch.detector;
  expect(sustained).toBeLessThan(evidence);
  const [record] = records;
  expect([record.evidence, record.threshold, record.sustained]).toEqual(
    [evidence, threshold, sustained].map((value) => Number(value.toPrecision(6))),
  );
  expect(record).toMatchObject({ alarm: true, episode: { number: 1, column: "temperature", seen: 60 } });
});

test("the pin is high and the device is told from the first sample of an episode to its end", async () => {
  const text = `name: x
source:
  tcp: { host: 127.0.0.1, port: 1 }
  framing: lines
  fields: [a, b]
  reply: { send: [alarm], alarm: { of: anomaly, atLeast: 5ms } }
anomaly: { alarmsPerWeek: 2 }
gpio: { alarm: { pin: 22, of: anomaly, atLeast: 5ms } }
`;
  const { path, take, input } = pathOf(text);
  const replies: string[] = [];
  Object.assign(input.wayBack, {
    write: (bytes: Uint8Array) =>
      replies.push(`${path.taken} ${Buffer.from(bytes).toString().split("\n")[0]}`) > 0,
  });
  const levels: string[] = [];
  const rule = parseConfig(text, "c.yaml").gpio?.alarm as AlarmRule;
  path.boardAlarm = createAlarm(rule, (active) => levels.push(`${path.taken} ${active ? "high" : "low"}`));
  onTestFinished(() => {
    path.boardAlarm?.close();
    path.stations.replies?.close();
  });
  const next = stationary["gauss"](1);
  const row = new Float64Array(2);
  const send = (count: number, more = 0) => {
    for (let i = 0; i < count; i++) {
      row[0] = next(i) + more;
      row[1] = i % 5;
      take(row);
    }
  };
  send(700);
  expect(levels).toEqual([]);
  const before = replies.length;
  send(2, 60);
  expect(levels).toEqual(["701 high"]);
  expect(replies.slice(before)).toEqual(["701 alarm,1,1,700"]);
  send(600);
  expect(path.stations.anomalyWatch?.isOpen).toBe(false);
  await until(() => levels.length === 2 && replies.length === before + 2);
  expect(levels[1]).toMatch(/ low$/);
  expect(replies[before + 1]).toMatch(/ alarm,0,/);
});

test("allocates nothing per sample", () => {
  expect(measureAllocation(new URL("./watch-repeated.ts", import.meta.url)).collections).toBe(0);
});
