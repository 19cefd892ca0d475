/** `rivulet replay --anomaly`: what is unlike normal in a recording or a file, as the daemon would have told it. */
import { type AnomalyConfig, anomalyWithDefaults } from "../../config/anomaly-config.ts";
import type { Config } from "../../config/config.ts";
import { AnomalyWatch } from "../../daemon/anomaly-watch.ts";
import type { LogEntry } from "../../daemon/log.ts";
import { RivuletError, UsageError } from "../../errors/errors.ts";
import { csvFile, type DataFile } from "../../library/data-files.ts";
import { earliestTime } from "../../machine/clock-set.ts";
import { clockAmong } from "../../samples/decoding/text-look.ts";
import type { StreamEvent } from "../../training/dataset.ts";
import { formatCount, parseDuration } from "../../wording/quantities.ts";
import { required } from "../command-line/call.ts";
import type { Invocation, Report } from "../command-line/command.ts";
import { openData, uselessColumns } from "../data/data-file.ts";
import { requirePage, writePage } from "../results/page-file.ts";
import { type Fact, facts } from "../terminal/text-table.ts";
import { AnomalyCourse } from "./anomaly-course.ts";
import { anomalyPage } from "./anomaly-page.ts";
import { type AnomalyReplay, type FoundEpisode, momentText, rateText } from "./anomaly-replay.ts";
import { readWindows, scoreWindows, windowFacts } from "./anomaly-windows.ts";

const weekMs = 7 * 86_400_000;
/** Dates of a file are believed from here on: it was not a board without a clock that wrote it. */
const earliestInFile = Date.UTC(1990, 0, 1);

/** @param written the config that the command line names; null: none */
export async function replayAnomalies(invocation: Invocation, written: Config | null): Promise<Report> {
  const { positionals, options } = invocation;
  const path = required(invocation, "replay", "data", "FILE");
  const wrong = ["target", "classes", "seed", "from", "save", "without"].find((name) => options[name]);
  if (wrong)
    throw new UsageError(`--${wrong} belongs to a learner, but --anomaly watches without one; leave it out`);
  const { report: page } = options;
  if (page !== undefined) requirePage(page, "report", [path, ...positionals]);
  const config = settingsOf(invocation, written);
  const data = await timedData(path, written, config.intervalMs === null);
  const windows = options["windows"] === undefined ? null : readWindows(options["windows"]);
  const columns = await columnsToWatch(data, written, config);
  const course = page === undefined ? null : new AnomalyCourse(columns);
  const replay = await replayOf(data, { path, config, columns, written, course });
  if (windows !== null) replay.windows = scoreWindows(windows, replay);
  if (course !== null) writePage(page as string, anomalyPage(replay, course));
  return reportOf(replay);
}

/** The keys of `anomaly`, those of the command line first. */
function settingsOf({ options }: Invocation, written: Config | null): AnomalyConfig {
  const settings = { ...(written?.anomaly ?? anomalyWithDefaults({})) };
  const { interval, "alarms-per-week": rate } = options;
  if (rate !== undefined) {
    settings.alarmsPerWeek = Number(rate);
    if (!(settings.alarmsPerWeek > 0 && settings.alarmsPerWeek <= 100))
      throw new UsageError(`--alarms-per-week must be a number above 0, up to 100, found "${rate}"`);
  }
  if (interval === undefined) return settings;
  settings.intervalMs = parseDuration(interval);
  if (settings.intervalMs === null || settings.intervalMs <= 0)
    throw new UsageError(`--interval must be a duration such as 1s or 5min, found "${interval}"`);
  return settings;
}

/** The file with the times of its rows. @throws RivuletError where these are needed and it has none */
async function timedData(path: string, written: Config | null, needsTime: boolean): Promise<DataFile> {
  const data = await openData(path, { config: written });
  if (data.kinds === undefined || written?.source.time) return data;
  const time = clockAmong(await data.kinds());
  if (time.length > 0) return written === null ? csvFile(path, { time: { columns: time } }) : data;
  if (!needsTime) return data;
  throw new RivuletError(
    "data.missing-column",
    `${path} has no column with the time of a row, by which alarms a week are counted; say how much time is between two rows, such as --interval 5min`,
  );
}

async function columnsToWatch(
  data: DataFile,
  written: Config | null,
  { watch }: AnomalyConfig,
): Promise<string[]> {
  const time = (await data.kinds?.()) ?? [];
  const clock = clockAmong(time);
  const useless = new Set((await uselessColumns(data, "")).map(({ name }) => name));
  const target = written?.target?.column;
  const known = written?.source.fields?.map(({ name }) => name);
  const usable = (known ?? (await data.columns())).filter(
    (name) => !clock.includes(name) && !useless.has(name) && name !== target,
  );
  const chosen = watch === null ? usable : usable.filter((name) => watch.includes(name));
  if (chosen.length > 0) return chosen;
  throw new RivuletError(
    "data.missing-column",
    `${data.name} has no column of numbers to watch; name one in anomaly.watch, or give another file`,
  );
}

interface ReplayOptions {
  path: string;
  config: AnomalyConfig;
  columns: string[];
  written: Config | null;
  course: AnomalyCourse | null;
}

async function replayOf(data: DataFile, options: ReplayOptions): Promise<AnomalyReplay> {
  const { path, config, columns, written, course } = options;
  const isText = data.kinds !== undefined;
  const { intervalMs } = config;
  const known = new Map(written?.source.fields?.map((field) => [field.name, field]));
  const found: FoundEpisode[] = [];
  let rows = 0;
  let isPaused = false;
  const onEntry = ({ event }: LogEntry) => {
    const [episode] = watch.episodes;
    const time = watch.detector.finding()?.since ?? 0;
    if (event === "anomaly") found.push({ episode, row: rows, lastRow: rows, time });
  };
  const watch = new AnomalyWatch({
    config,
    fields: columns.map((name) => known.get(name) ?? { name }),
    target: null,
    clock: {
      ahead: () => 0,
      isKnown: (milliseconds) => milliseconds >= (isText ? earliestInFile : earliestTime),
      // A file says what its clock showed; a recording has moments.
      zone: written?.timeZone ?? (isText ? "UTC" : null),
    },
    log: onEntry,
  });
  const onEvent = ({ kind }: StreamEvent) => {
    if (kind === "pause" || kind === "resume") isPaused = kind === "pause";
    else if (kind === "normal") watch.takeAsNormal();
  };
  const own = new Float64Array(1);
  const onRow = (values: Float64Array, offset: number, _: number, times: Float64Array = own, timeAt = 0) => {
    rows++;
    if (isPaused) return;
    if (intervalMs !== null) own[0] = rows * intervalMs;
    watch.observe(values, offset, intervalMs === null ? times : own, intervalMs === null ? timeAt : 0);
    const latest = found.at(-1);
    if (latest !== undefined && watch.detector.isAbove) latest.lastRow = rows;
    course?.add(values, offset, watch);
  };
  await data.read(columns, onRow, { onEvent });
  return {
    ...{ data: path, columns, rows, intervalMs, found, windows: null, text: endText(watch) },
    alarmsPerWeek: config.alarmsPerWeek,
    weeks: watch.detector.elapsedMs / weekMs,
  };
}

function endText({ isOpen, episodes: [latest], text }: AnomalyWatch): string {
  return isOpen && latest !== undefined ? `anomaly ${latest.number} in ${latest.column} goes on` : text;
}

function reportOf(replay: AnomalyReplay): Report {
  const { data, columns, rows, found, windows, text, weeks, alarmsPerWeek, intervalMs } = replay;
  const episodes = found.map(({ episode, row, lastRow, time }) => {
    const { since, until, ...rest } = episode;
    const times = intervalMs === null ? { since: new Date(time).toISOString(), until } : {};
    return { row, lastRow, ...times, ...rest };
  });
  const lines = found.map((each) => {
    const { episode } = each;
    return `${momentText(each, replay)}  ${episode.text}\n    ${episode.outcome ?? "it goes on at the end"}`;
  });
  const shown: Fact[] = [
    ["data", `${data}, ${formatCount(rows, "row")}`],
    ["watched", columns.join(", ")],
    ["alarms", rateText(replay)],
    ["at the end", text],
    ...windowFacts(windows),
  ];
  return {
    data: { rows, columns, weeks, alarmsPerWeek, alarms: found.length, episodes, windows },
    text: [facts(shown), ...(lines.length > 0 ? ["", ...lines] : [])].join("\n"),
  };
}
