/** What `rivulet fit` prints of a training. */
import { basename } from "node:path";
import { lossName } from "../../daemon/quality.ts";
import type { Learner } from "../../learner/learner.ts";
import { classNamesOf } from "../../learner/target.ts";
import type { DataFile } from "../../library/data-files.ts";
import type { FieldFaults } from "../../samples/sample-validator.ts";
import type { FitReport } from "../../training/fit.ts";
import { formatCount, formatDuration, formatSize } from "../../wording/quantities.ts";
import type { Report } from "../command-line/command.ts";
import { damageFacts, validationFacts } from "../data/validated-rows.ts";
import { pageFacts, writePage } from "../results/page-file.ts";
import { scoreFacts } from "../results/scores.ts";
import { type Fact, facts } from "../terminal/text-table.ts";
import type { FitCall } from "./call.ts";
import { fitPage } from "./page.ts";
import { orderFact } from "./row-order.ts";

/** What was wrong with the rows: what was found in each field, and what could not be read. */
interface Flaws {
  faults: FieldFaults[];
  damage: DataFile["damage"];
}

/** The report of a training that is complete. */
export function reportFit(call: FitCall, learner: Learner, report: FitReport, flaws: Flaws): Report {
  if (call.page !== undefined) writePage(call.page, pageFor(call, learner, report, flaws));
  const { task, regime, epochs, rows, trainingRows, heldOutRows, rejected } = report;
  const { updates, updatesPerEpoch, skippedSteps, losses, training, heldOut, milliseconds } = report;
  const { network } = learner;
  const seconds = milliseconds / 1000;
  return {
    data: {
      task,
      regime,
      epochs,
      batchSize: call.batchSize,
      rows,
      trainingRows,
      heldOutRows,
      neighbourChange: report.neighbourChange,
      rejected,
      ...flaws.damage,
      faults: flaws.faults,
      updates,
      updatesPerEpoch,
      skippedSteps,
      loss: losses,
      training,
      heldOut,
      seconds,
      rowsPerSecond: (epochs * trainingRows) / seconds,
      residentBytes: process.memoryUsage.rss(),
      arenaBytes: network.plan.totalBytes,
      kernels: network.kernels,
      // A batch too small to be cut takes no further thread.
      workers: network.plan.shards === null ? 1 : (call.workers ?? 1),
      shards: network.plan.shards?.count ?? 1,
      saved: call.save ?? null,
      report: call.page ?? null,
    },
    text: textOf(call, learner, report, flaws),
  };
}

function pageFor(call: FitCall, learner: Learner, report: FitReport, flaws: Flaws): string {
  const { heldOut, training, epochs } = report;
  const { course, ...details } = report.details as NonNullable<FitReport["details"]>;
  const loss = lossName(training);
  const line = (name: string, lossOf: (epoch: (typeof course)[number]) => number | null) => ({
    name,
    points: course.map((each, epoch): [number, number] => [epoch, lossOf(each) ?? Number.NaN]),
  });
  return fitPage({
    data: basename(call.data),
    column: learner.describe().target.column,
    scores: heldOut ?? training,
    judged:
      heldOut === null
        ? "the rows that trained: none were held out, so they say little of other rows"
        : `${formatCount(report.heldOutRows, "row")} that were held out`,
    course: {
      sentence: `The ${loss} before the first epoch and after each of the ${formatCount(epochs, "epoch")}. Where that of the rows held out rises while the other falls, the network learns its rows by heart.`,
      xLabel: "epoch",
      yLabel: loss,
      series: [
        line("training rows", ({ training }) => training),
        ...(heldOut === null ? [] : [line("rows held out", ({ heldOut }) => heldOut)]),
      ],
    },
    names: classNamesOf(learner),
    ...details,
    facts: pageFacts([...trainingFacts(call, learner, report, flaws), orderFact(call, report)]),
  });
}

/** How a network was trained, and on what. */
function trainingFacts(call: FitCall, learner: Learner, report: FitReport, flaws: Flaws): Fact[] {
  const { regime, epochs, trainingRows, heldOutRows, updates, updatesPerEpoch, skippedSteps } = report;
  const { milliseconds } = report;
  const { network } = learner;
  const { shards } = network.plan;
  const last = call.heldOutLast ? "last ones " : "";
  const perSecond = Math.round((epochs * trainingRows) / (milliseconds / 1000));
  return [
    [
      "data",
      `${call.data}, ${formatCount(trainingRows, "row")} to train on, ${heldOutRows} ${last}held out (seed ${call.seed})`,
    ],
    ...damageFacts(flaws.damage),
    ...validationFacts(report.rejected, flaws.faults),
    [
      "descent",
      `${regime}, ${formatCount(epochs, "epoch")} of ${formatCount(updatesPerEpoch, "update")}: ${formatCount(updates, "update")}`,
    ],
    skippedSteps === 0
      ? null
      : [
          "skipped",
          `${formatCount(skippedSteps, "update")} that ${skippedSteps === 1 ? "was" : "were"} not finite`,
        ],
    ["time", `${formatDuration(milliseconds)}, ${perSecond} rows a second`],
    shards === null ? null : ["threads", `${call.workers ?? 1}, on ${shards.count} shards of a batch`],
    ["arena", formatSize(network.plan.totalBytes)],
  ];
}

function textOf(call: FitCall, learner: Learner, report: FitReport, flaws: Flaws): string {
  const { epochs, losses, training, heldOut } = report;
  const scored = heldOut ? "held out" : "training";
  return facts([
    ...trainingFacts(call, learner, report, flaws),
    [
      "loss",
      `${losses[0].toPrecision(4)} in the first epoch, ${losses[epochs - 1].toPrecision(4)} in the last`,
    ],
    ...scoreFacts(heldOut ?? training, classNamesOf(learner))
      .filter(([name]) => name !== "baseline")
      .map(([name, value]): Fact => [name && `${scored}: ${name}`, value]),
    orderFact(call, report),
    call.save === undefined ? null : ["checkpoint", call.save],
    call.page === undefined ? null : ["report", `${call.page}: open it in a browser`],
  ]);
}
