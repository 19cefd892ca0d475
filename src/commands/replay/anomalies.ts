/** `rivulet replay --anomaly`: what is unlike normal in a recording or a file, as the daemon would have reported it. */
import { type AnomalyConfig, anomalyWithDefaults, watchedColumns } from "../../config/anomaly-config.ts";
import type { Config } from "../../config/config.ts";
import { unwatchedTarget, watchedIntervalMs } from "../../config/plan-anomaly.ts";
import { planFeaturesOf } from "../../config/plan-config.ts";
import { AnomalyWatch } from "../../daemon/anomaly-watch.ts";
import type { LogEntry } from "../../daemon/log.ts";
import { RivuletError, UsageError } from "../../errors/errors.ts";
import type { Extraction } from "../../features/extraction.ts";
import { csvFile, type DataFile } from "../../library/data-files.ts";
import { earliestTime } from "../../machine/clock-set.ts";
import { clockAmong } from "../../samples/decoding/text-look.ts";
import { plainClock } from "../../samples/sample-clock.ts";
import type { StreamEvent } from "../../training/dataset.ts";
import { formatCount, parseDuration } from "../../wording/quantities.ts";
import { dataOf } from "../command-line/call.ts";
import type { Invocation, Report } from "../command-line/command.ts";
import { openData, uselessColumns } from "../data/data-file.ts";
import { damageFacts, validatorFor } from "../data/validated-rows.ts";
import { requirePage, writePage } from "../results/page-file.ts";
import { type Fact, facts } from "../terminal/text-table.ts";
import { AnomalyCourse } from "./anomaly-course.ts";
import { anomalyPage } from "./anomaly-page.ts";
import { type AnomalyReplay, type FoundEpisode, momentText, rateText, weekMs } from "./anomaly-replay.ts";
import { readWindows, scoreWindows, WindowRows, windowFacts } from "./anomaly-windows.ts";

/** Of a row that has none. */
const unknownTime = Float64Array.of(Number.NaN);

/**
 * Watches a file for anomalies, as a daemon that began with it would.
 * @param written the config that the command line names; null: none
 */
export async function replayAnomalies(invocation: Invocation, written: Config | null): Promise<Report> {
  const { positionals, options } = invocation;
  const path = dataOf(invocation, "replay", written);
  const wrong = ["target", "classes", "seed", "from", "save", "without"].find((name) => options[name]);
  if (wrong)
    throw new UsageError(`--${wrong} belongs to a learner, but --anomaly watches without one; leave it out`);
  const { report: page } = options;
  if (page !== undefined) requirePage(page, "report", [path, ...positionals]);
  const config = settingsOf(invocation, written);
  const rate = written?.source.rate ?? null;
  const { data, hasTimes } = await timedData(path, written, config.intervalMs === null && rate === null);
  if (!hasTimes && config.intervalMs === null) config.intervalMs = 1000 / (rate as number);
  const windows = options["windows"] === undefined ? null : readWindows(options["windows"]);
  const rows = await rowsToWatch(data, written, config);
  const course = page === undefined ? null : new AnomalyCourse(rows.watched);
  const windowRows = windows === null ? null : new WindowRows(windows);
  const replay = await replayOf(data, { path, config, rows, written, course, windowRows });
  if (windows !== null) replay.windows = scoreWindows(windows, replay, windowRows?.rows ?? []);
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

/** The file, and whether its rows have times. @throws RivuletError where these are needed and it has none */
async function timedData(
  path: string,
  written: Config | null,
  needsTime: boolean,
): Promise<{ data: DataFile; hasTimes: boolean }> {
  const data = await openData(path, { config: written });
  if (data.kinds === undefined || written?.source.time) return { data, hasTimes: true };
  const time = clockAmong(await data.kinds());
  if (time.length > 0) {
    const config = written && { ...written, source: { ...written.source, time: plainClock(time) } };
    const timed = config === null ? csvFile(path, { time: { columns: time } }) : openData(path, { config });
    return { data: await timed, hasTimes: true };
  }
  if (!needsTime) return { data, hasTimes: false };
  throw new RivuletError(
    "data.missing-column",
    `${path} has no time column, and alarms are counted per week; give the time between two rows, such as --interval 5min`,
  );
}

/** What is read, and what is watched of it. */
interface WatchedRows {
  /** Columns that are read. */
  read: string[];
  /** Makes the rows that are watched; null: rows as they are read. */
  extraction: Extraction | null;
  /** Columns that are watched. */
  watched: string[];
  /** Time between two of the rows, where they have none. */
  rowMs: number | null;
}

async function rowsToWatch(
  data: DataFile,
  written: Config | null,
  config: AnomalyConfig,
): Promise<WatchedRows> {
  const read = await usableColumns(data, written);
  const target = written?.target ?? null;
  const hasTarget = target !== null && read.includes(target.column);
  const columns = target === null || hasTarget ? read : [...read, target.column];
  const planned = written && planFeaturesOf(written, columns);
  const extraction = planned?.create?.() ?? null;
  if (extraction !== null) extraction.hasTarget = hasTarget;
  const row = extraction?.columns ?? read;
  const measured = extraction === null ? read : planned?.measured;
  const watched = watchedColumns(config, row, unwatchedTarget(target), measured);
  if (watched.length > 0 && (extraction === null || written === null))
    return { read: watched, extraction: null, watched, rowMs: config.intervalMs };
  if (watched.length > 0 && written !== null)
    return { read, extraction, watched, rowMs: watchedIntervalMs({ ...written, anomaly: config }, columns) };
  throw new RivuletError(
    "data.missing-column",
    `${data.name} has no column of numbers to watch; name one in anomaly.watch, or give another file`,
  );
}

async function usableColumns(data: DataFile, written: Config | null): Promise<string[]> {
  const clock = clockAmong((await data.kinds?.()) ?? []);
  const useless = new Set((await uselessColumns(data, "")).map(({ name }) => name));
  const known = written?.source.fields?.map(({ name }) => name);
  return (known ?? (await data.columns())).filter((name) => !clock.includes(name) && !useless.has(name));
}

interface ReplayOptions {
  path: string;
  config: AnomalyConfig;
  rows: WatchedRows;
  written: Config | null;
  course: AnomalyCourse | null;
  windowRows: WindowRows | null;
}

async function replayOf(data: DataFile, options: ReplayOptions): Promise<AnomalyReplay> {
  const { path, config, rows: watchedRows, written, course, windowRows } = options;
  const { read, extraction, watched } = watchedRows;
  const { intervalMs } = config;
  const found: FoundEpisode[] = [];
  let rows = 0;
  let isPaused = false;
  let aheadMs = 0;
  const onEntry = ({ event }: LogEntry) => {
    if (event !== "anomaly") return;
    const [episode] = watch.episodes;
    // By the clock of the rows: of a gap that is longer than a day, the time that is watched has only a day.
    found.push({ episode, row: rows, lastRow: rows, time: Date.parse(episode.since) });
  };
  const watch = watchOf(options, data.kinds !== undefined, onEntry);
  const onEvent = (event: StreamEvent) => {
    const { kind } = event;
    if (kind === "pause" || kind === "resume") isPaused = kind === "pause";
    else if (kind === "normal") watch.takeAsNormal();
    else if (kind === "clock") {
      aheadMs = event.ahead ?? 0;
      watch.setWallClock(event.ahead, event.earliest);
      extraction?.setWallClock(event.ahead, event.earliest);
    }
  };
  const places = watched.map((name) => (extraction?.columns ?? read).indexOf(name));
  const shown = new Float64Array(watched.length);
  const observe = (values: Float64Array, offset: number, times: Float64Array, timeAt: number) => {
    if (isPaused) return;
    watch.observe(values, offset, times, timeAt);
    const latest = found.at(-1);
    if (latest !== undefined && watch.detector.isAbove) latest.lastRow = rows;
    for (let i = 0; i < shown.length; i++) shown[i] = values[offset + places[i]];
    course?.add(shown, 0, watch, rows);
  };
  const target = written?.target?.column ?? "";
  const validator = validatorFor(written, read, target, { mayLackTarget: true });
  const { rows: _, ...damage } = await data.read(
    read,
    (values, offset, _, times = unknownTime, timeAt = 0) => {
      rows++;
      windowRows?.pass(rows, times[timeAt] + aheadMs);
      if (extraction === null) observe(values, offset, times, timeAt);
      else if (validator.validate(values, offset) && extraction.push(values, offset, times, timeAt))
        observe(extraction.row, 0, times, timeAt);
    },
    { onEvent },
  );
  return {
    ...{ data: path, columns: watched, rows, intervalMs, found, windows: null, damage, text: endText(watch) },
    alarmsPerWeek: config.alarmsPerWeek,
    weeks: watch.detector.elapsedMs / weekMs,
  };
}

/** @param isText times are those of a file, which are taken as they are; those of a recording may be of a clock that was not set */
function watchOf(
  { config, rows: { read, extraction, rowMs, watched }, written }: ReplayOptions,
  isText: boolean,
  log: (entry: LogEntry) => void,
): AnomalyWatch {
  const known = new Map(written?.source.fields?.map((field) => [field.name, field]));
  const columns = extraction?.columns ?? read;
  const watch = new AnomalyWatch({
    config: { ...config, watch: watched },
    fields: columns.map((name) => known.get(name) ?? { name }),
    target: null,
    zone: written?.timeZone ?? null,
    rowMs,
    log,
  });
  // An earlier version did not record what the wall clock showed: times may be of a board whose clock was not set.
  if (!isText) watch.setWallClock(0, earliestTime);
  return watch;
}

function endText({ isOpen, episodes: [latest], text, strongest }: AnomalyWatch): string {
  return isOpen && latest !== undefined
    ? `anomaly ${latest.number} in ${latest.column} continues, evidence up to ${strongest}`
    : text;
}

function reportOf(replay: AnomalyReplay): Report {
  const { data, columns, rows, found, windows, damage, text, weeks, alarmsPerWeek, intervalMs } = replay;
  const { damaged = 0, refused = [], cutOff = 0, doubts = [] } = damage;
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
    ...damageFacts(damage),
    ["watched", columns.join(", ")],
    ["alarms", rateText(replay)],
    ["at the end", text],
    ...windowFacts(windows),
  ];
  return {
    data: {
      rows,
      damaged,
      refused,
      cutOff,
      doubts,
      columns,
      weeks,
      alarmsPerWeek,
      alarms: found.length,
      episodes,
      windows,
    },
    text: [facts(shown), ...(lines.length > 0 ? ["", ...lines] : [])].join("\n"),
  };
}
