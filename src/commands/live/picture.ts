/** The live view of a daemon in a terminal: what the status page shows, in a screen of text. */
import { lossName } from "../../daemon/quality.ts";
import { ensembleParts, type StatusDocument } from "../../status/document.ts";
import { formatDuration, formatShare, formatSize } from "../../wording/quantities.ts";
import { sparkline } from "../terminal/sparkline.ts";

const unknown = "–";
const bold = (text: string) => `\u001b[1m${text}\u001b[22m`;
const dim = (text: string) => `\u001b[2m${text}\u001b[22m`;
const red = (text: string) => `\u001b[31m${text}\u001b[39m`;

/** Experts and events that are listed. */
const mostListed = 3;

type Row = [name: string, value: string];

/** Latest scores of a daemon, one a second: accuracies, or mean absolute errors. */
export type Course = readonly number[];

/** The score of a document that is drawn as a course; null before the first. */
export function courseScore({ scores }: StatusDocument): number | null {
  if (scores.samples === 0) return null;
  return "accuracy" in scores ? scores.fadingAccuracy : scores.fadingMae;
}

/** The lines of the view, for a terminal `width` columns wide. */
export function livePicture(document: StatusDocument, course: Course, width: number): string[] {
  const { name, version, health, reason, uptimeSeconds, problems, recent, source, checkpoint, memory } =
    document;
  const age = checkpoint.ageSeconds;
  const rows: (Row | null)[] = [
    ["source", `${source.place}, ${source.state}`],
    ["samples", samplesText(document)],
    null,
    ...(document.anomaly === null ? [] : ([["anomaly", document.anomaly.text]] as Row[])),
    ...(document.target === null ? [] : scoreRows(document, course, width)),
    null,
    [
      "memory",
      `${formatSize(memory.residentBytes)} resident, ${formatSize(memory.arenaBytes)} for the learner`,
    ],
    [
      "checkpoint",
      age === null
        ? "none yet"
        : `${formatDuration(1000 * age)} ago, ${checkpoint.saved} saved in ${checkpoint.directory}`,
    ],
  ];
  const events = recent
    .slice(-mostListed)
    .reverse()
    .map(({ time, text, problem }) => `${dim(timeOfDay(time))} ${problem ? red(text) : text}`);
  return [
    `${bold(name)}  ${health}: ${reason}  ${dim(`rivulet ${version}, up ${formatDuration(1000 * uptimeSeconds)}`)}`,
    "",
    ...rows.map((row) => (row === null ? "" : `${row[0].padEnd(16)}${row[1]}`)),
    "",
    ...problems.map((text) => red(`! ${text}`)),
    ...events,
  ];
}

const timeOfDay = (time: string) => new Date(time).toTimeString().slice(0, 8);

function samplesText({ samples, training }: StatusDocument): string {
  const { learned, perSecond, missing, damaged, rejected, dropped, unlabelled } = samples;
  const parts = [
    [missing, "lost"],
    [damaged, "damaged"],
    [rejected, "rejected"],
    [dropped, "dropped"],
    [unlabelled, "without target"],
    [training.drifts, training.drifts === 1 ? "drift" : "drifts"],
  ].flatMap(([count, what]) => (count === 0 ? [] : [`${count} ${what}`]));
  return [`${bold(String(learned))}, ${perSecond.toFixed(0)} a second`, ...parts].join("; ");
}

/** Scores beside those of simple rules. */
function scoreRows({ scores }: StatusDocument, course: Course, width: number): Row[] {
  const isKnown = scores.samples > 0;
  const parts = ensembleParts(scores);
  const columns = Math.max(8, Math.min(40, width - 50));
  const share = (value: number) => (isKnown ? formatShare(value) : unknown).padStart(7);
  const error = (value: number) => (isKnown ? value.toPrecision(4) : unknown).padStart(9);
  const learned = parts === null ? "network" : "ensemble";
  const rows: Row[] =
    "accuracy" in scores
      ? [
          [
            learned,
            `${bold(share(scores.fadingAccuracy))} lately  ${share(scores.accuracy)} in all  ${sparkline(course, columns, 0, 1)}`,
          ],
          ["most frequent", `${" ".repeat(16)}${share(scores.baselineAccuracy)} in all`],
          ...("lastLabelAccuracy" in scores
            ? [["last label", `${" ".repeat(16)}${share(scores.lastLabelAccuracy)} in all`] as Row]
            : []),
        ]
      : [
          [
            `${learned}, error`,
            `${bold(error(scores.fadingMae))} lately  ${error(scores.mae)} in all  ${sparkline(course, columns, 0, Math.max(...course, Number.MIN_VALUE))}`,
          ],
          ["mean, error", `${" ".repeat(18)}${error(scores.baselineMae)} in all`],
        ];
  if (parts === null) return rows;
  const best = parts.baselines.reduce((least, one) => (one.loss < least.loss ? one : least));
  const skill = isKnown
    ? `${parts.skill.toFixed(2)} of the ${lossName(scores)} of the best rule, ${best.name}, is saved${parts.skill < 0 ? ": the rule is better" : ""}`
    : unknown;
  const experts = [...parts.experts]
    .sort((a, b) => b.weight - a.weight)
    .slice(0, mostListed)
    .map(({ name, weight }) => `${name} ${weight.toFixed(2)}`)
    .join(", ");
  return [...rows, ["skill", skill], ["experts", experts]];
}
