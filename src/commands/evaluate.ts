import { classNamesOf } from "../learner/target.ts";
import { evaluate } from "../training/evaluate.ts";
import { formatCount } from "../wording/quantities.ts";
import { required } from "./command-line/call.ts";
import type { Invocation, Report } from "./command-line/command.ts";
import { namedTarget, openData } from "./data/data-file.ts";
import { requireColumns, storedLearner } from "./data/stored-learner.ts";
import { validationFacts } from "./data/validated-rows.ts";
import { scoreFacts } from "./results/scores.ts";
import { facts } from "./terminal/text-table.ts";

/** Scores a checkpoint on the rows of a file; nothing is learned. */
export async function run(invocation: Invocation): Promise<Report> {
  const path = required(invocation, "evaluate", "data", "FILE");
  const { file, learner } = storedLearner(invocation.positionals[0]);
  const { fields, target } = learner.describe();
  const data = await openData(path, { fields: namedTarget(target) });
  await requireColumns(data, fields);
  const { rows, rejected, task, metrics } = await evaluate(learner, data);
  return {
    data: { checkpoint: file, rows, rejected, task, target, metrics },
    text: facts([
      ["data", `${path}, ${formatCount(rows, "row")}`],
      ...validationFacts(rejected, []),
      ["learner", `${file}, which learns nothing from them`],
      ...scoreFacts(metrics, classNamesOf(learner)),
    ]),
  };
}
