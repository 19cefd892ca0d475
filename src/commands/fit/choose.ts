/** `rivulet fit` where no model is named. */
import { basename } from "node:path";
import { ensembleOptions } from "../../config/configured-learner.ts";
import type { Ensemble } from "../../learner/ensemble.ts";
import { classNamesOf } from "../../learner/target.ts";
import { type ChoiceReport, type ChooseProgress, chooseNetwork } from "../../training/choose.ts";
import { formatCount, formatDuration } from "../../wording/quantities.ts";
import type { Report } from "../command-line/command.ts";
import { columnsOf, openData } from "../data/data-file.ts";
import { Validators, validationFacts } from "../data/validated-rows.ts";
import { pageFacts, writePage } from "../results/page-file.ts";
import { prepareSave } from "../results/save-checkpoint.ts";
import { comparedText } from "../results/score-parts.ts";
import { scoreFacts } from "../results/scores.ts";
import { ProgressBar } from "../terminal/progress-bar.ts";
import { type Fact, facts } from "../terminal/text-table.ts";
import type { ChooseCall } from "./call.ts";
import { fitPage } from "./page.ts";
import { orderFact } from "./row-order.ts";

/** Chooses a network for the rows of a file, trains it, and judges it on the held-out rows. */
export async function chooseByFile(call: ChooseCall): Promise<Report> {
  const { config, seed, heldOut, heldOutLast, minutes } = call;
  const save = await prepareSave(call.save, call.config.checkpoint.directory);
  const data = await openData(call.data, { config });
  const options = ensembleOptions(call.config, await columnsOf(call.config, data));
  const validators = new Validators(config, options.fields, options.target.column);
  const bar = new ProgressBar(process.stderr, null);
  try {
    const { ensemble, report } = await chooseNetwork(options, data, {
      minutes,
      seed,
      heldOut,
      heldOutLast,
      createValidator: validators.create,
      onProgress: (progress) =>
        bar.update(progress.milliseconds, progress.totalMilliseconds, noteOf(progress)),
    });
    save?.(ensemble, config.name);
    const validation = validationFacts(report.rejected, validators.faults());
    if (call.page !== undefined) writePage(call.page, pageFor(call, ensemble, report, validation));
    const { details, ...shown } = report;
    return {
      data: {
        ...shown,
        faults: validators.faults(),
        minutes,
        saved: call.save ?? null,
        report: call.page ?? null,
      },
      text: textOf(call, report, validation, classNamesOf(ensemble)),
    };
  } finally {
    bar.close();
  }
}

const noteOf = ({ phase, candidates, name, loss }: ChooseProgress) =>
  phase === "choosing"
    ? `${candidates} networks, now ${name}; best loss ${loss.toPrecision(3)}`
    : `${name}; best loss ${loss.toPrecision(3)}`;

function pageFor(call: ChooseCall, ensemble: Ensemble, report: ChoiceReport, validation: Fact[]): string {
  const { chosen, tried, task, heldOut, bestRound, details } = report;
  const loss = lossNameOf(task);
  const { fields, target } = ensemble.describe();
  const importance = ensemble.importance();
  const names = fields.filter((name) => name !== target.column);
  const line = (name: string, lossOf: (round: (typeof details.course)[number]) => number) => ({
    name,
    points: details.course.map((round, index): [number, number] => [index + 1, lossOf(round)]),
  });
  return fitPage({
    data: basename(call.data),
    column: target.column,
    scores: heldOut ?? ensemble.report(),
    judged:
      heldOut === null
        ? "the ensemble while it observed the training rows, each predicted first: none were held out"
        : `${formatCount(report.heldOutRows, "row")} that were held out, and had no part in the choice`,
    course: {
      sentence: `The ${loss} of ${chosen.name} after each round of ${formatCount(report.updatesPerRound, "update")}. The weights of round ${bestRound} are kept.`,
      xLabel: "round",
      yLabel: loss,
      // What a number is trained by is Huber's loss, which is in other units.
      series: [
        line("rows to choose by", ({ validation }) => validation),
        ...(task === "classification" ? [line("rows of the round", ({ training }) => training)] : []),
      ],
      marks: [{ x: bestRound, label: "kept" }],
    },
    names: classNamesOf(ensemble),
    ...{ calibration: details.calibration, answers: details.answers },
    importance:
      importance?.length === names.length ? names.map((name, at) => ({ name, value: importance[at] })) : [],
    importanceText: comparedText,
    tables: [
      {
        title: "Networks tried",
        sentence: "By their least loss of the rows to choose by. Those that were behind were left out early.",
        columns: ["network", "learning rate", "rounds", "least loss"],
        rows: tried.map(({ name, learningRate, rounds, loss }) => [
          name,
          String(learningRate),
          String(rounds),
          // In a short time not every one is reached.
          rounds > 0 ? loss.toPrecision(4) : "–",
        ]),
      },
    ],
    facts: pageFacts([...choiceFacts(call, report, validation), orderFact(call, report)]),
  });
}

const lossNameOf = (task: ChoiceReport["task"]) =>
  task === "classification" ? "log loss" : "mean absolute error in deviations";

/** The networks that were trained at all: in a short time not every one is reached. */
const reachedOf = ({ tried }: ChoiceReport) => tried.filter(({ rounds }) => rounds > 0);

/** What was chosen, and from what. */
function choiceFacts(call: ChooseCall, report: ChoiceReport, validation: Fact[]): Fact[] {
  const { chosen, trainingRows, validationRows, heldOutRows, rounds, bestRound } = report;
  const { validationLoss, endedBy, milliseconds } = report;
  const lossName = lossNameOf(report.task);
  const why = endedBy === "time" ? "the time was over" : "the loss no longer fell";
  return [
    [
      "data",
      `${call.data}, ${formatCount(trainingRows, "row")} to train on, ${validationRows} to choose by, ${heldOutRows} ${call.heldOutLast ? "last ones " : ""}held out (seed ${call.seed})`,
    ],
    ...validation,
    [
      "chosen",
      `${chosen.name}, learning rate ${chosen.learningRate}, ${formatCount(chosen.parameters, "weight")}: the best of ${reachedOf(report).length} by ${lossName} of the ${validationRows} rows`,
    ],
    [
      "training",
      `${formatCount(rounds, "round")} of ${formatCount(report.updatesPerRound, "update")} until ${why}; kept are the weights after ${bestRound}, ${validationLoss.toPrecision(4)} ${lossName}`,
    ],
    ["time", formatDuration(milliseconds)],
  ];
}

function textOf(
  call: ChooseCall,
  report: ChoiceReport,
  validation: Fact[],
  names: readonly string[] | undefined,
): string {
  const { tried, heldOut } = report;
  const reached = reachedOf(report);
  const missed = tried.length - reached.length;
  return facts([
    ...choiceFacts(call, report, validation),
    [
      "tried",
      reached.map(
        ({ name, learningRate, loss, rounds: trained }) =>
          `${loss.toPrecision(3)}  ${name}, rate ${learningRate}, ${formatCount(trained, "round")}`,
      ),
    ],
    missed === 0
      ? null
      : ["not tried", `${formatCount(missed, "network")}: the time was over; give more --minutes`],
    ...(heldOut === null
      ? []
      : scoreFacts(heldOut, names)
          .filter(([name]) => name !== "baseline")
          .map(([name, value]): Fact => [name && `held out: ${name}`, value])),
    heldOut === null
      ? null
      : ["judged", "once: the rows held out had no part in the choice, nor in when training stopped"],
    orderFact(call, report),
    call.save === undefined ? null : ["checkpoint", call.save],
    call.page === undefined ? null : ["report", `${call.page}: open it in a browser`],
  ]);
}
