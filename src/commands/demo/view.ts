import type { DaemonStatus } from "../../daemon/daemon-status.ts";
import type { ClassificationReport } from "../../learner/classification-metrics.ts";
import type { EnsembleReport } from "../../learner/ensemble-report.ts";
import { formatShare, formatSize } from "../../wording/quantities.ts";
import { sparkline } from "../terminal/sparkline.ts";
import { bold, createProgressView, dim, timeBar } from "./progress-view.ts";

/** Accuracies after each second. */
export interface CourseEntry {
  second: number;
  samples: number;
  /** Over the last samples: of the ensemble, and of a linear model that was shown the same. */
  accuracy: number;
  linearAccuracy: number;
  loss: number;
}

/** Everything the view shows of the demo. */
export interface DemoState {
  seconds: number;
  elapsed: number;
  port: string;
  samplesPerSecond: number;
  status: DaemonStatus & { scores: EnsembleReport & ClassificationReport };
  linear: ClassificationReport;
  course: CourseEntry[];
  /** Samples after which the rule changes, again and again. */
  samplesPerRule: number;
}

/** Shows the progress of the demo. */
export const createDemoView = (json: boolean) => createProgressView<DemoState>(json, { lineOf, pictureOf });

const percent = (share: number) => formatShare(share).padStart(7);

function lineOf({ elapsed, status, linear }: DemoState): string {
  const { scores } = status;
  return [
    `${elapsed.toFixed(0).padStart(3)} s`,
    `${status.samples} samples`,
    `accuracy ${percent(scores.fadingAccuracy)} lately, ${percent(scores.accuracy)} in all`,
    `linear ${percent(linear.fadingAccuracy)}`,
    `majority ${percent(scores.baselineAccuracy)}`,
    `loss ${status.loss.toFixed(3)}`,
    `${status.missing} lost, ${status.damaged} damaged`,
    `${formatSize(status.residentBytes)} resident`,
    `${status.arenaBytes} bytes of arena`,
  ].join("  ");
}

const skillOf = (scores: EnsembleReport) =>
  `${scores.skill.toFixed(2)} of the best baseline's log loss is saved${scores.skill < 0 ? ": the baseline is better" : ""}`;

/** The three experts that count most, with their weights. */
const heaviest = ({ experts }: EnsembleReport) =>
  [...experts]
    .sort((a, b) => b.weight - a.weight)
    .slice(0, 3)
    .map(({ name, weight }) => `${name} ${weight.toFixed(2)}`)
    .join(", ");

/** The lines of the live view, for a terminal `width` columns wide. */
function pictureOf(state: DemoState, width: number): string[] {
  const { seconds, elapsed, port, status, linear, course, samplesPerSecond, samplesPerRule } = state;
  const { scores } = status;
  const columns = Math.max(8, Math.min(40, width - 46));
  const curve = (values: number[]) => sparkline(values, columns, 0.2, 1);
  const rows: [string, string][] = [
    ["time", timeBar(elapsed, seconds)],
    [
      "samples",
      `${bold(String(status.samples))}, ${samplesPerSecond.toFixed(0)} a second; ${status.missing} lost, ${status.damaged} damaged`,
    ],
    ["", ""],
    [
      "ensemble",
      `${bold(percent(scores.fadingAccuracy))} lately  ${percent(scores.accuracy)} in all  ${curve(course.map(({ accuracy }) => accuracy))}`,
    ],
    [
      "linear model",
      `${percent(linear.fadingAccuracy)} lately  ${percent(linear.accuracy)} in all  ${curve(course.map(({ linearAccuracy }) => linearAccuracy))}`,
    ],
    ["majority", `${" ".repeat(16)}${percent(scores.baselineAccuracy)} in all`],
    ["skill", skillOf(scores)],
    ["experts", heaviest(scores)],
    ["", ""],
    ["memory", `${formatSize(status.residentBytes)} resident, ${status.arenaBytes} bytes of arena`],
  ];
  const untilChange = samplesPerRule - (status.samples % samplesPerRule);
  const changed = status.samples >= samplesPerRule;
  return [
    bold("Rivulet learns from a microcontroller while you watch"),
    dim(`an emulated ATmega328P runs real firmware and sends frames to ${port}`),
    "",
    ...rows.map(([name, value]) => (name === "" ? "" : `${name.padEnd(14)}${value}`)),
    "",
    dim(
      changed
        ? `the rule it learns changed ${status.samples % samplesPerRule} samples ago, and changes again in ${untilChange}`
        : `the rule it learns changes in ${untilChange} samples: watch the accuracy fall and heal`,
    ),
  ];
}
