/** `rivulet replay --anomaly`, called as the command line calls it, but in this process. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { Invocation } from "../../src/commands/command-line/command.ts";
import { AnomalyCourse } from "../../src/commands/replay/anomaly-course.ts";
import { WindowRows } from "../../src/commands/replay/anomaly-windows.ts";
import { run } from "../../src/commands/replay.ts";
import { loadConfig } from "../../src/config/config.ts";
import type { AnomalyWatch } from "../../src/daemon/anomaly-watch.ts";
import { Daemon } from "../../src/daemon/daemon.ts";
import type { RecordedEvent } from "../../src/recording/events.ts";
import { RecordingFile } from "../../src/recording/recording-file.ts";
import { stationary } from "../learner/anomaly/streams.ts";
import { folderWith } from "../rivulet.ts";

const start = Date.UTC(2014, 6, 1);
const rowMs = 300_000;
const faultAt = 3000;
const timeOf = (row: number) => new Date(start + (row - 1) * rowMs).toISOString();

/** 4000 rows five minutes apart, with a fault of six rows. */
function rowsOf({ withTime = true } = {}): string {
  const next = stationary["a day's course"](5);
  const lines = Array.from({ length: 4000 }, (_, index) => {
    const row = index + 1;
    const value = 20 + next(index) + (row >= faultAt && row < faultAt + 6 ? 60 : 0);
    return `${withTime ? `${timeOf(row)},` : ""}${value.toFixed(3)},${row % 2}\n`;
  });
  return `${withTime ? "time," : ""}temperature,valve\n${lines.join("")}`;
}

function invoke(options: Invocation["options"], positionals: string[] = []) {
  return run({ positionals, options, switches: new Set(["anomaly"]), json: false } as Invocation);
}

interface Found {
  rows: number;
  alarms: number;
  episodes: { row: number; lastRow: number; since?: string; column: string; text: string }[];
  windows: {
    found: number;
    windows: number;
    falseAlarms: number;
    delays: (number | null)[];
    known: { rows: [number, number] | null; alarm: number | null }[];
  } | null;
}

describe("rivulet replay --anomaly", () => {
  test("prints the episodes of a file with their times and reasons, and draws them", async () => {
    const folder = folderWith({ "x.csv": rowsOf() });
    const page = join(folder, "x.html");
    const { data, text } = await invoke({ data: join(folder, "x.csv"), report: page });
    const found = data as unknown as Found;
    const fault = found.episodes.find(({ row }) => row === faultAt);
    expect(fault).toMatchObject({ column: "temperature", since: timeOf(faultAt) });
    expect(found.episodes.every(({ row, lastRow }) => lastRow >= row)).toBe(true);
    expect(text).toContain("watched     temperature, valve");
    expect(text).toContain(`${timeOf(faultAt).slice(0, 19).replace("T", " ")}  temperature: `);
    const drawn = readFileSync(page, "utf8");
    expect(drawn).toContain("How unusual each moment was");
    expect(drawn).toContain("all that it has been so far");
    expect(drawn).not.toMatch(/<script|src=|NaN/);
  });

  test("cuts evidence that is far above what alarms need, so that the threshold can be seen", async () => {
    const lines = Array.from({ length: 2000 }, (_, row) => (row === 1500 ? 8 : 7));
    const folder = folderWith({ "k.csv": `k\n${lines.join("\n")}\n` });
    const page = join(folder, "k.html");
    const { data } = await invoke({ data: join(folder, "k.csv"), interval: "5min", report: page });
    expect((data as unknown as Found).episodes.map(({ row }) => row)).toEqual([1501]);
    const drawn = readFileSync(page, "utf8");
    const [, limit, same] = /Evidence above (\d+) is drawn as (\d+)/.exec(drawn) ?? [];
    expect(Number(limit)).toBeGreaterThan(50);
    expect(same).toBe(limit);
  });

  test("finds the same where only the interval of the rows is known, but the time of day", async () => {
    const folder = folderWith({ "x.csv": rowsOf({ withTime: false }) });
    const { data, text } = await invoke({ data: join(folder, "x.csv"), interval: "5min" });
    const { episodes } = data as unknown as Found;
    expect(episodes.some(({ row }) => row === faultAt)).toBe(true);
    expect(text).toContain(`row ${faultAt}, after 10 d 10 h  temperature: `);
    expect(episodes[0].since).toBeUndefined();
  });

  test("tells the time of a row behind a gap of days, and windows with a space before the time mean UTC", async () => {
    const gapMs = 5 * 86_400_000;
    const later = (row: number) => new Date(Date.parse(timeOf(row)) + gapMs).toISOString();
    const lines = rowsOf().split("\n");
    for (let row = 2000; row <= 4000; row++) lines[row] = lines[row].replace(timeOf(row), later(row));
    const told = later(faultAt).slice(0, 19).replace("T", " ");
    const folder = folderWith({ "x.csv": lines.join("\n"), "w.txt": `${told},${later(faultAt + 10)}\n` });
    const zone = process.env["TZ"];
    process.env["TZ"] = "America/New_York";
    try {
      const { data, text } = await invoke({
        data: join(folder, "x.csv"),
        windows: join(folder, "w.txt"),
      });
      const { episodes, windows } = data as unknown as Found;
      expect(episodes.find(({ row }) => row === faultAt)?.since).toBe(later(faultAt));
      expect(text).toContain(`${told}  temperature: `);
      expect(windows).toMatchObject({ windows: 1, found: 1, delays: [0] });
    } finally {
      if (zone === undefined) delete process.env["TZ"];
      else process.env["TZ"] = zone;
    }
  });

  test("tells hours by the zone of the config, or else of the system, as summer time ends", async () => {
    const next = stationary["a day's course"](5);
    const lines = Array.from({ length: 2500 }, (_, row) => {
      const time = new Date(Date.UTC(2014, 9, 27) + row * rowMs).toISOString();
      return `${time},${next(row).toFixed(3)}\n`;
    });
    const folder = folderWith({ "x.csv": `time,temperature\n${lines.join("")}` });
    const config = join(folder, "c.yaml");
    const textIn = async (system: string, written: string | null) => {
      const zone = process.env["TZ"];
      process.env["TZ"] = system;
      if (written !== null) writeFileSync(config, `timeZone: ${written}\nanomaly: {}\n`);
      try {
        return (await invoke({ data: join(folder, "x.csv") }, written === null ? [] : [config])).text;
      } finally {
        if (zone === undefined) delete process.env["TZ"];
        else process.env["TZ"] = zone;
      }
    };
    const ofSystem = await textIn("America/New_York", null);
    expect(await textIn("UTC", "America/New_York")).toBe(ofSystem);
    expect(await textIn("America/New_York", "UTC")).not.toBe(ofSystem);
  });

  test("keeps to the alarms a week that are asked for", async () => {
    const folder = folderWith({ "x.csv": rowsOf() });
    const of = async (rate: string) =>
      ((await invoke({ data: join(folder, "x.csv"), "alarms-per-week": rate })).data as unknown as Found)
        .alarms;
    expect(await of("0.5")).toBeLessThanOrEqual(await of("7"));
  });

  test.each([
    ["times", `${timeOf(faultAt - 2)},${timeOf(faultAt + 10)}\n${timeOf(3800)},${timeOf(3810)}\n`, 2 * rowMs],
    ["rows", `${faultAt - 2},${faultAt + 10}\n3800,3810\n`, 2],
    [
      "rows in JSON",
      JSON.stringify([
        [faultAt - 2, faultAt + 10],
        [3800, 3810],
      ]),
      2,
    ],
  ])("scores known windows of %s", async (_, windows, delay) => {
    const folder = folderWith({ "x.csv": rowsOf(), "w.txt": windows });
    const { data } = await invoke({ data: join(folder, "x.csv"), windows: join(folder, "w.txt") });
    const found = data as unknown as Found;
    expect(found.windows).toMatchObject({ windows: 2, found: 1, delays: [delay, null] });
    expect(found.windows?.falseAlarms).toBe(found.alarms - 1);
  });

  test("draws known windows, and says of each whether and how soon it was found", async () => {
    const windows = [
      [faultAt - 2, faultAt + 10],
      [3800, 3810],
      [5000, 5010],
    ].map(([from, to]) => `${timeOf(from)},${timeOf(to)}\n`);
    const folder = folderWith({ "x.csv": rowsOf(), "w.txt": windows.join("") });
    const page = join(folder, "x.html");
    const given = { data: join(folder, "x.csv"), windows: join(folder, "w.txt"), report: page };
    const { known } = ((await invoke(given)).data as unknown as Found).windows as NonNullable<
      Found["windows"]
    >;
    const rows = known.map((each) => each.rows);
    expect(rows).toEqual([[faultAt - 2, faultAt + 10], [3800, 3810], null]);
    const drawn = readFileSync(page, "utf8");
    // Of the evidence and of two columns, on a desk and on a telephone.
    expect(drawn.match(/>known window, found</g)).toHaveLength(6);
    expect(drawn.match(/>known window, missed</g)).toHaveLength(6);
    expect(drawn).toContain("<b>1 of 3</b><small>half of them within 10 min</small>");
    expect(drawn).toMatch(/<small>alarms outside of them<\/small><b>\d+<\/b><small>[\d.]+ a week/);
    expect(drawn).toContain(`>alarm ${known[0].alarm}, after 10 min</td>`);
    expect(drawn).toContain(">missed</td>");
    expect(drawn).toContain(">not in the data</td>");
    await invoke({ data: given.data, report: page });
    expect(readFileSync(page, "utf8")).not.toMatch(/known window/i);
  });

  test("says of an episode that goes on at the end how strong it became, and in which column", async () => {
    const lines = rowsOf()
      .split("\n")
      .slice(0, faultAt + 3);
    // In a valve that is 0 or 1 otherwise.
    lines[faultAt + 2] = lines[faultAt + 2].replace(/,[01]$/, ",5000");
    const folder = folderWith({ "x.csv": `${lines.join("\n")}\n` });
    const { text } = await invoke({ data: join(folder, "x.csv") });
    expect(text).toMatch(
      /at the end +anomaly \d+ in temperature continues, evidence up to [\d.]+ after 10 min, valve: 5000 seen/,
    );
  });

  test("watches what a config without a target says, without being asked to", async () => {
    const folder = folderWith({ "x.csv": rowsOf({ withTime: false }) });
    const config = join(folder, "c.yaml");
    writeFileSync(config, "anomaly: { interval: 5min, watch: [valve] }\n");
    const { data } = await run({
      ...{ positionals: [config], options: { data: join(folder, "x.csv") }, json: false },
      switches: new Set(),
    } as unknown as Invocation);
    expect(data).toMatchObject({ columns: ["valve"], rows: 4000, alarms: 0 });
  });

  test("watches windows of a file as run does, with the time by source.rate, and needs no --data", async () => {
    const next = stationary["gauss"](7);
    const lines = Array.from({ length: 11_000 }, (_, i) => (i >= 9600 ? 30 : 1) * next(i));
    const folder = folderWith({
      "x.csv": `ax\n${lines.join("\n")}\n`,
      "c.yaml": `source: { file: x.csv, rate: 32 Hz, fields: [ax] }
features: [{ window: { of: [ax], size: 16, every: 500ms, take: [logSd] } }]
anomaly: { alarmsPerWeek: 2 }
checkpoint: { directory: saved }
`,
    });
    const path = join(folder, "c.yaml");
    const { data } = await run({
      ...{ positionals: [path], options: {}, json: false },
      switches: new Set(),
    } as unknown as Invocation);
    const { episodes, ...found } = data as unknown as Found & { weeks: number };
    expect(found).toMatchObject({ columns: ["ax_logSd"], rows: 11_000 });
    expect(found.weeks * 7 * 86_400).toBeCloseTo(11_000 / 32, -1);
    expect(episodes.map(({ column }) => column)).toContain("ax_logSd");
    expect(episodes.some(({ row }) => row >= 9600 && row < 9700)).toBe(true);
    const daemon = new Daemon(loadConfig(path), { log: () => {} });
    await daemon.start();
    await daemon.ended;
    const watched = daemon.status().anomaly?.episodes ?? [];
    await daemon.stop();
    expect(watched.map(({ text }) => text)).toEqual(episodes.map(({ text }) => text).reverse());
  });

  test("makes features by the time of rows where these are counted for the alarms, as run does", async () => {
    const next = stationary["a day's course"](5);
    const lines = Array.from({ length: 3000 }, (_, row) => {
      const time = new Date(start + row * rowMs + Math.floor(row / 50) * 3 * rowMs).toISOString();
      return `${time},${next(row).toFixed(3)}\n`;
    });
    const folder = folderWith({
      "x.csv": `time,level\n${lines.join("")}`,
      "c.yaml": `source: { file: x.csv, time: time, fields: [level] }
sequence: { gap: 10min }
features: [{ window: { of: [level], size: 8, every: 8, take: [mean] } }]
anomaly: { interval: 5min }
checkpoint: { directory: saved }
`,
    });
    const path = join(folder, "c.yaml");
    const { text } = await invoke({}, [path]);
    const daemon = new Daemon(loadConfig(path), { log: () => {} });
    await daemon.start();
    await daemon.ended;
    const told = daemon.status().anomaly?.text as string;
    await daemon.stop();
    // Six windows of 8 in each 50 rows, of which 500 are needed.
    expect(told).toContain("no alarm for another 140 samples");
    expect(text).toContain(told);
  });

  test("believes no hours of a recording without a word on the wall clock, before a board could know them", async () => {
    const folder = folderWith();
    const textOf = async (name: string, clock: RecordedEvent | null, firstMs: number) => {
      const path = join(folder, name);
      const fields = [{ name: "level", type: "f32" as const, scale: 1, offset: 0 }];
      const header = {
        name,
        createdAt: new Date(start).toISOString(),
        source: "a test",
        fields,
        hasEvents: true,
      };
      const recording = new RecordingFile(path, header);
      if (clock !== null) recording.event(clock);
      const next = stationary["a day's course"](5);
      for (let row = 0; row < 3000; row++)
        recording.append(Float64Array.of(next(row)), 0, firstMs + row * rowMs, row, Number.NaN);
      await recording.close();
      return (await invoke({ data: path })).text.replaceAll(name, "");
    };
    const shows = (ahead: number | null) => ({ kind: "clock" as const, after: 0, ahead, earliest: 0 });
    const unset = await textOf("unset.rec", shows(null), rowMs);
    expect(await textOf("set.rec", shows(0), rowMs)).not.toBe(unset);
    expect(await textOf("older.rec", null, rowMs)).toBe(unset);
    const today = Date.UTC(2026, 0, 1);
    expect(await textOf("today.rec", null, today)).toBe(await textOf("set-today.rec", shows(0), today));
  });

  test.each([
    [{}, "x.csv has no time column, and alarms are counted per week; give the time"],
    [{ interval: "soon" }, '--interval must be a duration such as 1s or 5min, found "soon"'],
    [{ interval: "1s", "alarms-per-week": "0" }, "--alarms-per-week must be a number above 0, up to 100"],
    [{ interval: "1s", target: "valve" }, "--target belongs to a learner, but --anomaly watches without one"],
    [{ interval: "1s", windows: "w.txt" }, "w.txt, pair 2, expected pairs of times or of numbers of rows"],
  ])("refuses %o", async (options, sentence) => {
    const folder = folderWith({ "x.csv": rowsOf({ withTime: false }), "w.txt": "1,2\n3\n" });
    const given = Object.fromEntries(
      Object.entries(options).map(([name, value]) => [
        name,
        name === "windows" ? join(folder, value as string) : value,
      ]),
    ) as Invocation["options"];
    await expect(invoke({ data: join(folder, "x.csv"), ...given })).rejects.toThrow(sentence);
  });
});

test("the rows of a window of times are those within it, also where rows come late or at odd times", () => {
  const windows = new WindowRows({
    unit: "time",
    list: [
      [100, 200],
      [0, 5],
      [150, 1000],
      [210, 290],
      [200, 200],
    ],
  });
  for (const [index, time] of [50, 100, Number.NaN, 160, 155, 200, 300].entries())
    windows.pass(index + 1, time);
  expect(windows.rows).toEqual([[2, 6], null, [4, 7], null, [6, 6]]);
});

test("a chart of rows that windows make of a file is by the rows of the file", () => {
  const course = new AnomalyCourse(["a"]);
  const watch = { detector: { evidence: 1, threshold: 2, isWarm: true } } as unknown as AnomalyWatch;
  for (let row = 16; row <= 16_000; row += 16) course.add(Float64Array.of(row), 0, watch, row);
  const points = [...course.of("a"), ...course.evidence, ...course.threshold];
  expect(course.of("a").every(([row, value]) => Math.abs(row - value) <= 16 * course.rowsEach)).toBe(true);
  expect(Math.min(...points.map(([row]) => row))).toBe(16);
  expect(Math.max(...points.map(([row]) => row))).toBeGreaterThan(15_900);
});

test.each([
  ["1,2\n5,3\n", "found in pair 2 an end before its begin in"],
  ["1,2\n2026-01-01T00:00:00Z,2026-01-02T00:00:00Z\n", "found times beside numbers of rows in"],
  ["2026-01-01T00:00:00Z,5000\n", "found times beside numbers of rows in"],
])("refuses the windows %j", async (windows, sentence) => {
  const folder = folderWith({ "x.csv": rowsOf(), "w.txt": windows });
  const given = { data: join(folder, "x.csv"), windows: join(folder, "w.txt") };
  await expect(invoke(given)).rejects.toThrow(sentence);
});

test("lines that cannot be read are told, as is what may be meant otherwise", async () => {
  const rows = Array.from({ length: 60 }, (_, index) => `${20 + (index % 7)}.5\t1,${200 + index}\n`);
  const path = join(folderWith(), "data.txt");
  writeFileSync(path, `temperature\tpower\n${rows.join("")}over 9\t1,200\n`);
  const report = await invoke({ data: path, interval: "1s" });
  expect(report).toMatchObject({ data: { damaged: 1, refused: [expect.stringContaining("line 62")] } });
  expect(report?.text).toMatch(/damaged +1 line that cannot be read, left out: line 62/);
  expect(report?.text).toMatch(/unsure +1,200 is read as 1200, but would be 1.200/);
});
