import { driftText, lossName, skillText } from "../../daemon/quality.ts";
import type { ClassificationReport } from "../../learner/classification-metrics.ts";
import type { EnsembleReport } from "../../learner/ensemble-report.ts";
import type { ForecastReport } from "../../learner/forecast/forecaster.ts";
import { type Glitch, rangeFor } from "../../learner/glitches.ts";
import type { RegressionReport } from "../../learner/regression-metrics.ts";
import { className } from "../../learner/target.ts";
import { formatCount, formatDuration, formatShare } from "../../wording/quantities.ts";

type Row = [string, string];

const plain = (value: number) => String(Number(value.toPrecision(5)));
const short = (value: number) => String(Number(value.toPrecision(3)));

type AnyReport = ClassificationReport | RegressionReport | EnsembleReport;

const isOfEnsemble = (report: AnyReport): report is EnsembleReport => "skill" in report;

/**
 * The main scores as `name, value` rows: those of an ensemble beside its baselines and its experts.
 * @param names what the classes are called; default: their numbers
 */
export function scoreFacts(report: AnyReport, names?: readonly string[]): Row[] {
  if (!isOfEnsemble(report)) return "accuracy" in report ? classFacts(report, names) : numberFacts(report);
  const loss = "accuracy" in report ? report.logLoss : report.mae;
  const own: Row[] =
    "accuracy" in report
      ? [
          [
            "calibration",
            `error ${short(report.calibrationError)}: how sure the answers are, beside how often right`,
          ],
          ["kappa-temporal", `${short(report.kappaTemporal)}: accuracy beside always naming the last label`],
        ]
      : [
          [
            "interval",
            `held ${formatShare(report.interval.coverage, 1)} of the targets, asked ${formatShare(report.interval.asked, 1)}; half width ${short(report.interval.halfWidth)} now`,
          ],
        ];
  const [first, ...rest] = "accuracy" in report ? classFacts(report, names) : numberFacts(report);
  return [
    first,
    ...forecastFacts(report),
    ["skill", skillText(report)],
    ["loss", `${plain(loss)} ${lossName(report)}; ${baselinesText(report)}`],
    ...own,
    ...rest.filter(([name]) => name !== "log loss"),
    ...driftFacts(report),
    ...expertFacts(report),
  ];
}

/** What is forecast, and whether it is worth anything beside the value of now and that of a season before. */
function forecastFacts(report: EnsembleReport): Row[] {
  if (!("forecast" in report)) return [];
  const { forecast, baselines } = report as ForecastReport;
  const { horizon, horizonMs, skillOverLastValue, skillOverSeason, recentCoverage, meanWidth } = forecast;
  const time = horizonMs === null ? "" : `, ${formatDuration(horizonMs)}`;
  const better =
    skillOverSeason !== null && skillOverSeason <= 0 ? `; no better than ${baselines[1].name}` : "";
  const season = skillOverSeason === null ? "" : `, ${short(skillOverSeason)} over ${baselines[1].name}`;
  const last = skillOverLastValue <= 0 ? "; no better than the last value" : "";
  return [
    ["forecast", `${formatCount(horizon, "row")} ahead${time}${better}${last}`],
    ["beside", `${short(skillOverLastValue)} over the last value${season}`],
    ["width", `${short(meanWidth)} on average; held ${formatShare(recentCoverage, 1)} of the latest 500`],
  ];
}

/** The loss of each baseline: `last label 0.9, linear 0.3`. */
const baselinesText = ({ baselines }: EnsembleReport) =>
  baselines.map(({ name, loss }) => `${name} ${short(loss)}`).join(", ");

/** Alarms of drift, if any, and what the last of them found. */
function driftFacts({ drift }: EnsembleReport): Row[] {
  if (drift.alarms === 0) return [];
  const last = drift.alarms === 1 ? "" : `${drift.alarms} times, the last: `;
  return [["drift", `${last}${driftText(drift)}`]];
}

const timesText = (what: string, times: number) =>
  times > 0 ? `, ${what} ${times === 1 ? "once" : `${times} times`}` : "";

/** Each expert's weight in the answer and its own loss, the heaviest first. */
function expertFacts({ experts }: EnsembleReport): Row[] {
  return [...experts]
    .sort((a, b) => b.weight - a.weight)
    .map(({ name, weight, loss, restarts, recoveries }, index) => [
      index === 0 ? "experts" : "",
      `${name}: weight ${weight.toFixed(2)}, loss ${short(loss)}${timesText("restarted", restarts)}${timesText("restored", recoveries)}`,
    ]);
}

/** The values of each field that cannot be true, which were taken as missing, and the range that excludes them. */
export function glitchFacts(glitches: readonly Glitch[]): Row[] {
  return glitches.map((glitch, index) => {
    const { field, count, value, sample } = glitch;
    const [low, high] = rangeFor(glitch);
    const text = `${count} of ${field}, taken as missing; the first is ${value} in sample ${sample}: set range: [${low}, ${high}]`;
    return [index === 0 ? "glitches" : "", text];
  });
}

const numberFacts = (report: RegressionReport): Row[] => [
  ["mean absolute error", plain(report.mae)],
  ["root mean squared error", plain(report.rmse)],
  ["R2", plain(report.r2)],
  ["baseline", `${plain(report.baselineMae)} mean absolute error, answering the mean so far`],
];

const classFacts = (report: ClassificationReport, names?: readonly string[]): Row[] => [
  ["accuracy", formatShare(report.accuracy, 2)],
  ["baseline", `${formatShare(report.baselineAccuracy, 2)}, naming the most frequent class so far`],
  ["macro F1", plain(report.macroF1)],
  ["log loss", plain(report.logLoss)],
  ["Cohen's kappa", plain(report.kappa)],
  ...report.confusion.map((row, label): [string, string] => [
    label === 0 ? "true class, answers" : "",
    `${className(names, label)}: ${row.join(" ")}`,
  ]),
];
