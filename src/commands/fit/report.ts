/** What `rivulet fit` prints of a training. */
import type { Learner } from "../../learner/learner.ts";
import { classNamesOf } from "../../learner/target.ts";
import type { DataFile } from "../../library/data-files.ts";
import type { FieldFaults } from "../../samples/sample-validator.ts";
import type { FitReport } from "../../training/fit.ts";
import { formatCount, formatDuration, formatSize } from "../../wording/quantities.ts";
import type { Report } from "../command-line/command.ts";
import { damageFacts, validationFacts } from "../data/validated-rows.ts";
import { scoreFacts } from "../results/scores.ts";
import { type Fact, facts } from "../terminal/text-table.ts";
import type { FitCall } from "./call.ts";

/** What was wrong with the rows: what was found in each field, and what could not be read. */
interface Flaws {
  faults: FieldFaults[];
  damage: DataFile["damage"];
}

/** The report of a training that is complete. */
export function reportFit(call: FitCall, learner: Learner, report: FitReport, flaws: Flaws): Report {
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
    },
    text: textOf(call, learner, report, flaws),
  };
}

function textOf(call: FitCall, learner: Learner, report: FitReport, flaws: Flaws): string {
  const { regime, epochs, trainingRows, heldOutRows, updates, updatesPerEpoch, skippedSteps } = report;
  const { losses, training, heldOut, milliseconds } = report;
  const { network } = learner;
  const { shards } = network.plan;
  const last = call.heldOutLast ? "last ones " : "";
  const scored = heldOut ? "held out" : "training";
  const perSecond = Math.round((epochs * trainingRows) / (milliseconds / 1000));
  return facts([
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
    [
      "loss",
      `${losses[0].toPrecision(4)} in the first epoch, ${losses[epochs - 1].toPrecision(4)} in the last`,
    ],
    ...scoreFacts(heldOut ?? training, classNamesOf(learner))
      .filter(([name]) => name !== "baseline")
      .map(([name, value]): Fact => [name && `${scored}: ${name}`, value]),
    ["time", `${formatDuration(milliseconds)}, ${perSecond} rows a second`],
    shards === null ? null : ["threads", `${call.workers ?? 1}, on ${shards.count} shards of a batch`],
    ["arena", formatSize(network.plan.totalBytes)],
    call.save === undefined ? null : ["checkpoint", call.save],
  ]);
}
