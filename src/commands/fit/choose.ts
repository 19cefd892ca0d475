/** `rivulet fit` where no model is named. */
import type { EnsembleOptions } from "../../learner/ensemble-plan.ts";
import type { DataFile } from "../../library/data-files.ts";
import { type ChoiceReport, type ChooseProgress, chooseNetwork } from "../../training/choose.ts";
import { formatCount, formatDuration } from "../../wording/quantities.ts";
import type { Report } from "../command-line/command.ts";
import { columnsOf, openData } from "../data/data-file.ts";
import { Validators, validationFacts } from "../data/validated-rows.ts";
import { prepareSave } from "../results/save-checkpoint.ts";
import { scoreFacts } from "../results/scores.ts";
import { ProgressBar } from "../terminal/progress-bar.ts";
import { type Fact, facts } from "../terminal/text-table.ts";
import type { ChooseCall } from "./call.ts";

/** Chooses a network for the rows of a file, trains it, and judges it on the held-out rows. */
export async function chooseByFile(call: ChooseCall): Promise<Report> {
  const { config, seed, heldOut, heldOutLast, minutes } = call;
  const save = await prepareSave(call.save);
  const data = await openData(call.data, { config });
  const options = await ensembleOptions(call, data);
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
    return {
      data: { ...report, faults: validators.faults(), minutes, saved: call.save ?? null },
      text: textOf(call, report, validationFacts(report.rejected, validators.faults())),
    };
  } finally {
    bar.close();
  }
}

/** The ensemble that learns with the config. */
async function ensembleOptions({ config }: ChooseCall, data: DataFile): Promise<EnsembleOptions> {
  const { target, features, ensemble, training, memory } = config;
  return {
    fields: await columnsOf(config, data),
    target,
    features,
    effort: ensemble?.effort,
    seed: training.seed,
    arena: { deterministic: ensemble?.deterministic },
    budgetBytes: memory.budgetBytes ?? undefined,
  };
}

const noteOf = ({ phase, candidates, name, loss }: ChooseProgress) =>
  phase === "choosing"
    ? `${candidates} networks, now ${name}; best loss ${loss.toPrecision(3)}`
    : `${name}; best loss ${loss.toPrecision(3)}`;

function textOf(call: ChooseCall, report: ChoiceReport, validation: Fact[]): string {
  const { chosen, tried, trainingRows, validationRows, heldOutRows, rounds, bestRound } = report;
  const { validationLoss, heldOut, endedBy, milliseconds, task } = report;
  const lossName = task === "classification" ? "log loss" : "mean absolute error in deviations";
  const why = endedBy === "time" ? "the time was over" : "the loss no longer fell";
  return facts([
    [
      "data",
      `${call.data}, ${formatCount(trainingRows, "row")} to train on, ${validationRows} to choose by, ${heldOutRows} ${call.heldOutLast ? "last ones " : ""}held out (seed ${call.seed})`,
    ],
    ...validation,
    [
      "chosen",
      `${chosen.name}, learning rate ${chosen.learningRate}, ${formatCount(chosen.parameters, "weight")}: the best of ${tried.length} by ${lossName} of the ${validationRows} rows`,
    ],
    [
      "tried",
      tried.map(
        ({ name, learningRate, loss, rounds: trained }) =>
          `${loss.toPrecision(3)}  ${name}, rate ${learningRate}, ${formatCount(trained, "round")}`,
      ),
    ],
    [
      "training",
      `${formatCount(rounds, "round")} of ${formatCount(report.updatesPerRound, "update")} until ${why}; kept are the weights after ${bestRound}, ${validationLoss.toPrecision(4)} ${lossName}`,
    ],
    ...(heldOut === null
      ? []
      : scoreFacts(heldOut)
          .filter(([name]) => name !== "baseline")
          .map(([name, value]): Fact => [name && `held out: ${name}`, value])),
    heldOut === null
      ? null
      : ["judged", "once: the rows held out had no part in the choice, nor in when training stopped"],
    ["time", formatDuration(milliseconds)],
    call.save === undefined ? null : ["checkpoint", call.save],
  ]);
}
