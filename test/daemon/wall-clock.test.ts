/** Hours and days by the clock of the board, of the device, or of a file; live and replayed. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { Invocation } from "../../src/commands/command-line/command.ts";
import { run as replay } from "../../src/commands/replay.ts";
import { parseConfig } from "../../src/config/config.ts";
import { configuredLearner } from "../../src/config/configured-learner.ts";
import { Daemon } from "../../src/daemon/daemon.ts";
import { recordRun } from "../../src/daemon/run-recording.ts";
import { WallClock } from "../../src/daemon/wall-clock.ts";
import { recordingFile } from "../../src/library/data-files.ts";
import { evaluatePrequentially } from "../../src/training/prequential.ts";
import { temporaryFolder } from "../checkpoint/folder.ts";
import { stationary } from "../learner/anomaly/streams.ts";
import { folderWith } from "../rivulet.ts";
import { pathOf } from "./path.ts";

const hour = 3_600_000;
const start = Date.UTC(2026, 0, 5);

/** A board that shows the time since its start until its clock is set; samples come in ten milliseconds each. */
function boardOf(config: string) {
  const time = { aheadMs: 0 };
  const clock = { now: () => 5000, systemAhead: () => time.aheadMs };
  return { time, clock, ...pathOf(config, [], clock) };
}

const boardConfig = (time = "") => `
source: { tcp: { host: 127.0.0.1, port: 9 }, framing: lines, fields: [level, flow]${time} }
features: [{ clock: [hourOfDay] }, { profile: { of: [level], by: hourOfDay } }]
target: { column: flow }
training: { effort: low }
timeZone: UTC
`;

test("a replay has the bits of a board whose clock was set and corrected in between, recorded from then on too", async () => {
  const { time, path, learner, take, input, log } = boardOf(boardConfig());
  const file = join(temporaryFolder(), "a.rec");
  const recording = recordRun(file, "bench", input, path, log);
  const aheadAt = new Map([
    [20, start + 5.9 * hour + 1.5],
    [40, start + 5.9 * hour + 0.5],
    [60, start + 18 * hour],
  ]);
  for (let i = 0; i < 80; i++) {
    time.aheadMs = aheadAt.get(i) ?? time.aheadMs;
    path.lookAtClock();
    take(Float64Array.of(i % 7, i % 5));
  }
  await recording.close();
  const replayed = configuredLearner(parseConfig(boardConfig(), "c.yaml"), ["level", "flow"]);
  const { events } = await evaluatePrequentially(replayed, recordingFile(file));
  expect(replayed.state()).toEqual(learner.state());
  expect(events.unknown).toBe(0);

  const laterFile = join(temporaryFolder(), "b.rec");
  const before = structuredClone(learner.state());
  const later = recordRun(laterFile, "bench", input, path, log);
  for (let i = 80; i < 90; i++) take(Float64Array.of(i % 7, i % 5));
  await later.close();
  replayed.restore(before);
  replayed.extraction?.setWallClock(null);
  await evaluatePrequentially(replayed, recordingFile(laterFile));
  expect(replayed.state()).toEqual(learner.state());
});

test("a replay finds the anomalies of a board whose clock was set, corrected and moved to summer time", async () => {
  const config = `
source: { tcp: { host: 127.0.0.1, port: 9 }, framing: lines, fields: [level], time: { column: t, unit: ms } }
anomaly: { alarmsPerWeek: 7 }
timeZone: Europe/Vienna
`;
  const { time, path, take, input, log } = boardOf(config);
  const folder = folderWith({ "c.yaml": config });
  const file = join(folder, "a.rec");
  const recording = recordRun(file, "bench", input, path, log);
  const beforeSummer = Date.UTC(2026, 2, 24);
  const aheadAt = new Map([
    [300, beforeSummer],
    [900, beforeSummer + 700],
    [1500, beforeSummer + 2.1 * hour],
  ]);
  const minutes = 5;
  const next = stationary["gauss"](4);
  for (let i = 0; i < 3500; i++) {
    time.aheadMs = aheadAt.get(i) ?? time.aheadMs;
    path.lookAtClock();
    const day = (2 * Math.PI * i * minutes) / 1440;
    take(Float64Array.of(20 * Math.sin(day) + next(i) + (i % 700 < 2 ? 30 : 0), i * minutes * 60_000));
  }
  await recording.close();
  const { anomalyWatch } = path.stations;
  expect(anomalyWatch?.status()).toMatchObject({ knowsLocalTime: true, localTimeChanges: 1 });
  const replayed = await replay({
    ...{ positionals: [join(folder, "c.yaml")], options: { data: file } },
    ...{ switches: new Set(["anomaly"]), json: true },
  } as Invocation);
  const { episodes } = replayed.data as {
    episodes: { evidence: number; threshold: number; until: string }[];
  };
  const found = anomalyWatch?.episodes.toReversed() ?? [];
  expect(found.length).toBeGreaterThan(2);
  expect(episodes.map(({ evidence, threshold, until }) => [evidence, threshold, until])).toEqual(
    found.map(({ evidence, threshold, until }) => [evidence, threshold, until]),
  );
});

test("rows that are counted tell days apart, in a run as in a replay, and those of a file from before 1990 too", async () => {
  const rows = (timeOf: ((i: number) => string) | null) =>
    `${timeOf ? "time," : ""}level\n${Array.from({ length: 1200 }, (_, i) => {
      const level = 10 * Math.sin((2 * Math.PI * i) / 48) + (i === 1000 ? 60 : 0) + ((i * 7) % 5) / 10;
      return `${timeOf ? `${timeOf(i)},` : ""}${level.toFixed(3)}\n`;
    }).join("")}`;
  const ancient = (i: number) => new Date(Date.UTC(1958, 2, 1) + i * 30 * 60_000).toISOString();
  for (const [text, more] of [
    [rows(null), "fields: [level], rate: every 30min"],
    [rows(ancient), "fields: [level], time: { column: time }"],
  ]) {
    const folder = folderWith({ "a.csv": text });
    const name = join(folder, "c.yaml");
    const config = `source: { file: a.csv, ${more} }\nanomaly: {}\ncheckpoint: { directory: saved }\n`;
    writeFileSync(name, config);
    const daemon = new Daemon(parseConfig(config, name), { log: () => {}, isWatched: true });
    await daemon.start();
    await daemon.ended;
    await daemon.stop();
    const live = daemon.status().anomaly;
    expect(live).toMatchObject({ knowsLocalTime: true });
    const replayed = await replay({
      ...{ positionals: [name], options: {}, switches: new Set(["anomaly"]), json: true },
    } as unknown as Invocation);
    const { episodes } = replayed.data as { episodes: { evidence: number; threshold: number }[] };
    expect(episodes.length).toBeGreaterThan(0);
    expect(episodes.map(({ evidence, threshold }) => [evidence, threshold])).toEqual(
      live?.episodes.toReversed().map(({ evidence, threshold }) => [evidence, threshold]),
    );
  }
});

test("the clock moves in whole minutes, and not to and fro with corrections of a millisecond", () => {
  const time = { aheadMs: start };
  const clock = { now: () => 5000, systemAhead: () => time.aheadMs };
  const wallClock = new WallClock(parseConfig(boardConfig(), "c.yaml"), clock, null);
  const looks = [0, 1, -1, 59_999, 60_000, 59_999, 1, 0].map((correction) => {
    time.aheadMs = start + correction;
    return [wallClock.look(), (wallClock.known ?? Number.NaN) - start];
  });
  expect(looks).toEqual([
    ...[
      [true, 0],
      [false, 0],
      [false, 0],
      [false, 0],
    ],
    ...[
      [true, 60_000],
      [false, 60_000],
      [false, 60_000],
      [true, 0],
    ],
  ]);
});

test("a clock that goes back to 1970 is no longer known, until it is set again", () => {
  const time = { aheadMs: start };
  const clock = { now: () => 5000, systemAhead: () => time.aheadMs };
  const wallClock = new WallClock(parseConfig(boardConfig(), "c.yaml"), clock, null);
  const looks = [start, 0, 0, start].map((aheadMs) => {
    time.aheadMs = aheadMs;
    return [wallClock.look(), wallClock.known];
  });
  expect(looks).toEqual([
    [true, start],
    [true, null],
    [false, null],
    [true, start],
  ]);
});

describe("the clock of a device", () => {
  const wavesOf = ({ learner }: ReturnType<typeof boardOf>) => [
    ...(learner.extraction?.row.subarray(1, 3) ?? []),
  ];
  const timed = boardConfig(", time: { column: t, unit: ms }");

  test("that counts from its start tells no hour until that of the board is set, and then by that", () => {
    const board = boardOf(timed);
    board.take(Float64Array.of(1, 2, 7000));
    board.path.lookAtClock();
    board.take(Float64Array.of(1, 2, 7010));
    expect(wavesOf(board)).toEqual([0, 0]);
    board.time.aheadMs = start + 6 * hour;
    board.path.lookAtClock();
    board.take(Float64Array.of(1, 2, 7020));
    expect(wavesOf(board)[0]).toBeCloseTo(1, 4);
  });

  test("that brings dates tells the hour from its first date on, whatever the board shows", () => {
    const board = boardOf(timed);
    board.take(Float64Array.of(1, 2, 7000));
    expect(wavesOf(board)).toEqual([0, 0]);
    board.take(Float64Array.of(1, 2, start + 6 * hour));
    expect(wavesOf(board)[0]).toBeCloseTo(1, 4);
    board.time.aheadMs = start + 12 * hour;
    board.path.lookAtClock();
    board.take(Float64Array.of(1, 2, start + 6 * hour));
    expect(wavesOf(board)[0]).toBeCloseTo(1, 4);
  });
});

test("rows of a file that are counted by its rate have a day and a week, live as in a replay", async () => {
  const config = `
source: { file: a.csv, fields: [level], rate: 0.001 }
target: { forecast: level, horizon: 5 }
training: { effort: low }
timeZone: UTC
`;
  const { path, learner, take } = pathOf(config);
  path.countTime();
  const rows = Array.from({ length: 150 }, (_, i) => [Math.sin((2 * Math.PI * i) / 86.4)]);
  for (const row of rows) take(Float64Array.from(row));
  const replayed = configuredLearner(parseConfig(config, "c.yaml"), ["level"]);
  await evaluatePrequentially(replayed, rows);
  expect(replayed.state()).toEqual(learner.state());
  expect(learner.extraction?.wallTime[0]).toBe(149 * 1_000_000);
});
