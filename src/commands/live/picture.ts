/** The live view of a daemon in a terminal: what the status page shows, in a screen of text. */
import { skillText } from "../../daemon/quality.ts";
import type { EnsembleReport } from "../../learner/ensemble-report.ts";
import { ensembleParts, type NumberScores, type StatusDocument } from "../../status/document.ts";
import { formatCount, formatDuration, formatShare, formatSize } from "../../wording/quantities.ts";
import { withTimes } from "../../wording/utc-time.ts";
import { sparkline } from "../terminal/sparkline.ts";
import { wrap } from "../terminal/wrap.ts";

const unknown = "–";
const bold = (text: string) => `\u001b[1m${text}\u001b[22m`;
const dim = (text: string) => `\u001b[2m${text}\u001b[22m`;
const red = (text: string) => `\u001b[31m${text}\u001b[39m`;

/** Experts and events that are listed. */
const mostListed = 3;

/** Columns of the names. */
const nameWidth = 16;
/** With fewer columns the scores of the last seconds are drawn on a separate row. */
const fewestForCourse = 66;

type Row = readonly [name: string, value: string];

/** Latest scores of a daemon, one a second: accuracies, or mean absolute errors. */
export type Course = readonly number[];

/** The score of a document that is drawn as a course; null before the first. */
export function courseScore({ scores }: StatusDocument): number | null {
  if (scores.samples === 0) return null;
  return "accuracy" in scores ? scores.fadingAccuracy : scores.fadingMae;
}

/** A name and a value, in as many lines as the width asks for. */
const rowLines = ([name, value]: Row, width: number): string[] =>
  wrap(value, Math.max(nameWidth, width - nameWidth)).map(
    (line, index) => `${(index === 0 ? name : "").padEnd(nameWidth)}${line}`,
  );

/**
 * The lines of the view, for a terminal `width` columns wide; what somebody should look at comes first, where
 * every terminal is high enough for it.
 *
 * @param lost why the daemon is out of reach, which makes all else old; null while it is heard
 */
export function livePicture(
  document: StatusDocument,
  course: Course,
  width: number,
  lost: string | null = null,
): string[] {
  const { name, version, health, reason, uptimeSeconds, problems, recent } = document;
  const about = dim(`rivulet ${version}, up ${formatDuration(1000 * uptimeSeconds)}`);
  // A reason that is a problem is shown among these.
  const state = problems.includes(reason) ? health : `${health}: ${withLocalTimes(reason)}`;
  const head =
    lost === null
      ? wrap(`${bold(name)}  ${state}  ${about}`, width)
      : wrap(`${name}  lost: ${lost}`, width).map(red);
  // An anomaly has its own row.
  const shown = problems.filter((text) => text !== document.anomaly?.text);
  const rowsFor = (rows: readonly Row[]) => rows.flatMap((row) => rowLines(row, width));
  const events = recent
    .slice(-mostListed)
    .reverse()
    .flatMap(({ time, text, problem }) =>
      wrap(`${timeOfDay(time)} ${withLocalTimes(text)}`, width).map((line, index) =>
        problem ? red(line) : index === 0 ? `${dim(line.slice(0, 8))}${line.slice(8)}` : line,
      ),
    );
  return [
    ...head,
    ...shown.flatMap((text) => wrap(`! ${withLocalTimes(text)}`, width).map(red)),
    "",
    ...rowsFor(sourceRows(document)),
    "",
    ...(document.anomaly === null ? [] : rowLines(["anomaly", withLocalTimes(document.anomaly.text)], width)),
    ...(document.target === null
      ? []
      : [...scoreLines(document, course, width), ...rowsFor(detailRows(document))]),
    "",
    ...rowsFor(machineRows(document)),
    "",
    ...events,
  ];
}

const sourceRows = (document: StatusDocument): Row[] => [
  ["source", `${document.source.place}, ${document.source.state}`],
  ["samples", samplesText(document)],
];

function machineRows({ memory, checkpoint }: StatusDocument): Row[] {
  const planned = memory.arenaBytes === 0 ? "" : `, ${formatSize(memory.arenaBytes)} for the learner`;
  const age = checkpoint.ageSeconds;
  const saved =
    age === null
      ? "none yet"
      : `${formatDuration(1000 * age)} ago, ${checkpoint.saved} saved in ${checkpoint.directory}`;
  return [
    ["memory", `${formatSize(memory.residentBytes)} resident${planned}`],
    ["checkpoint", saved],
  ];
}

/** A text of the daemon with its moments by the clock of this machine: 2026-11-30 16:11:37. */
const withLocalTimes = (text: string) => withTimes(text, (time) => time.toLocaleString("sv-SE"));

const timeOfDay = (time: string) => new Date(time).toTimeString().slice(0, 8);

function samplesText({ samples, training }: StatusDocument): string {
  const { learned, perSecond, missing, damaged, rejected, dropped, unlabelled, passedInPause } = samples;
  const parts = [
    [missing, "lost"],
    [damaged, "damaged"],
    [rejected, "rejected"],
    [dropped, "dropped"],
    [unlabelled, "without target"],
    [passedInPause, "in a pause"],
    [training.drifts, training.drifts === 1 ? "drift" : "drifts"],
  ].flatMap(([count, what]) => (count === 0 ? [] : [`${count} ${what}`]));
  return [`${bold(String(learned))}, ${perSecond.toFixed(0)} a second`, ...parts].join("; ");
}

/** Scores beside those of simple rules, below each other, and their course. */
function scoreLines({ scores }: StatusDocument, course: Course, width: number): string[] {
  const isKnown = scores.samples > 0;
  const learned = ensembleParts(scores) === null ? "network" : "ensemble";
  const hasRoom = width >= fewestForCourse;
  const columns = Math.max(8, Math.min(40, hasRoom ? width - 50 : width - nameWidth));
  const share = (value: number) => (isKnown ? formatShare(value) : unknown).padStart(7);
  const error = (value: number) => (isKnown ? value.toPrecision(4) : unknown).padStart(9);
  const named = (name: string, text: string) => `${name.padEnd(nameWidth)}${text}`;
  const inAll = (name: string, all: string) =>
    named(name, `${hasRoom ? "".padEnd(all.length + 9) : ""}${all} in all`);
  const withCourse = (name: string, lately: string, all: string, highest: number) => {
    const curve = sparkline(course, columns, 0, highest);
    const first = named(name, `${bold(lately)} lately`);
    if (hasRoom) return [`${first}  ${all} in all  ${curve}`];
    return [first, inAll("", all), ...(curve === "" ? [] : [named("", curve)])];
  };
  if (!("accuracy" in scores)) {
    const highest = Math.max(...course, Number.MIN_VALUE);
    return [
      ...withCourse(`${learned}, error`, error(scores.fadingMae), error(scores.mae), highest),
      inAll("mean, error", error(scores.baselineMae)),
    ];
  }
  return [
    ...withCourse(learned, share(scores.fadingAccuracy), share(scores.accuracy), 1),
    inAll("most frequent", share(scores.baselineAccuracy)),
    ...("lastLabelAccuracy" in scores ? [inAll("last label", share(scores.lastLabelAccuracy))] : []),
  ];
}

/** What an ensemble and a forecast know besides. */
function detailRows({ scores }: StatusDocument): Row[] {
  const isKnown = scores.samples > 0;
  const rows: Row[] = [];
  const { interval, forecast } = scores as NumberScores;
  if (forecast?.latest) {
    const { horizon, horizonMs, latest } = forecast;
    const ahead = horizonMs === null ? formatCount(horizon, "row") : formatDuration(horizonMs);
    const [value, lower, upper] = [latest.value, latest.lower, latest.upper].map((one) => one.toPrecision(4));
    rows.push(["forecast", `${bold(value)} in ${ahead}, within ${lower} to ${upper}`]);
  }
  if (interval !== undefined && isKnown)
    rows.push([
      "interval",
      `${formatShare(interval.coverage)} of the targets in the ${formatShare(interval.asked)} interval`,
    ]);
  const parts = ensembleParts(scores);
  if (parts === null) return rows;
  const skill = isKnown ? skillText(scores as EnsembleReport) : unknown;
  const experts = [...parts.experts]
    .sort((a, b) => b.weight - a.weight)
    .slice(0, mostListed)
    .map(({ name, weight }) => `${name} ${weight.toFixed(2)}`)
    .join(", ");
  return [...rows, ["skill", skill], ["experts", experts]];
}
