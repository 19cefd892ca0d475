import type { PrequentialLearner } from "../learner/prequential-learner.ts";
import { className, classNamesOf } from "../learner/target.ts";
import { formatCount } from "../wording/quantities.ts";
import { required } from "./command-line/call.ts";
import type { Invocation, Report } from "./command-line/command.ts";
import { namedTarget, openData } from "./data/data-file.ts";
import { requireColumns, storedLearner } from "./data/stored-learner.ts";
import { csvCell, openLineOutput } from "./results/line-output.ts";

/** Answers each row of a file with what a checkpoint has learned; nothing is learned. */
export async function run(invocation: Invocation): Promise<Report | null> {
  const { positionals, options, json } = invocation;
  const path = required(invocation, "predict", "data", "FILE");
  const { file, learner } = storedLearner(positionals[0]);
  const { fields, target } = learner.describe();
  const data = await openData(path, { fields: namedTarget(target) });
  // What is forecast is known up to now.
  const isForecast = "horizon" in target;
  const features = fields.filter((name) => isForecast || name !== target.column);
  await requireColumns(data, features);
  const targetAt = isForecast ? -1 : fields.indexOf(target.column);
  const sample = new Float64Array(fields.length).fill(Number.NaN);
  const header = columnsOf(learner);
  const answers: (string | number | null)[][] = [];
  const toFile = json && options["out"] === undefined ? null : openLineOutput(options["out"]);
  let rows = 0;
  let unanswered = 0;
  toFile?.write(header.map(csvCell).join(","));
  try {
    await data.read(features, (values, offset) => {
      for (let i = 0, from = offset; i < sample.length; i++) if (i !== targetAt) sample[i] = values[from++];
      rows++;
      const isAnswered = learner.predict(sample, 0);
      if (!isAnswered) unanswered++;
      const answer = isAnswered ? answerOf(learner) : header.slice(1).map(() => null);
      if (toFile) toFile.write([rows, ...answer.map(csvCell)].join(","));
      else answers.push([rows, ...answer]);
    });
  } finally {
    toFile?.close();
  }
  if (!json && options["out"] === undefined) return null;
  const out = options["out"] ?? null;
  return {
    data: { checkpoint: file, rows, unanswered, columns: header, ...(out === null ? { answers } : { out }) },
    text: `${formatCount(rows, "row")} answered by ${file}, written to ${out}${unanswered > 0 ? `; ${unanswered} without an answer, as a feature is not a finite number` : ""}`,
  };
}

const hasInterval = (learner: object): learner is { lower: number; upper: number } => "lower" in learner;

function columnsOf(learner: PrequentialLearner): string[] {
  if (learner.classes > 0) {
    const names = classNamesOf(learner);
    const probabilityOf = (c: number) =>
      names?.[c] === undefined ? `probability${c}` : `probability_${names[c]}`;
    return ["row", "prediction", ...Array.from({ length: learner.classes }, (_, c) => probabilityOf(c))];
  }
  return hasInterval(learner) ? ["row", "prediction", "lower", "upper"] : ["row", "prediction"];
}

function answerOf(learner: PrequentialLearner): (string | number)[] {
  if (learner.classes > 0) {
    const { predictedClass, prediction } = learner;
    const names = classNamesOf(learner);
    return [names === undefined ? predictedClass : className(names, predictedClass), ...prediction];
  }
  const [answer] = learner.prediction;
  return hasInterval(learner) ? [answer, learner.lower, learner.upper] : [answer];
}
