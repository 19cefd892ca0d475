import type { ClassificationReport } from "../../learner/classification-metrics.ts";
import type { RegressionReport } from "../../learner/regression-metrics.ts";
import { formatShare } from "../../wording/quantities.ts";

const plain = (value: number) => String(Number(value.toPrecision(5)));

/** The main scores as `name, value` rows. */
export function scoreFacts(report: ClassificationReport | RegressionReport): [string, string][] {
  if (!("accuracy" in report)) {
    return [
      ["mean absolute error", plain(report.mae)],
      ["root mean squared error", plain(report.rmse)],
      ["R2", plain(report.r2)],
      ["baseline", `${plain(report.baselineMae)} mean absolute error, answering the mean so far`],
    ];
  }
  return [
    ["accuracy", formatShare(report.accuracy, 2)],
    ["baseline", `${formatShare(report.baselineAccuracy, 2)}, naming the most frequent class so far`],
    ["macro F1", plain(report.macroF1)],
    ["log loss", plain(report.logLoss)],
    ["Cohen's kappa", plain(report.kappa)],
    ...report.confusion.map((row, label): [string, string] => [
      label === 0 ? "true class, answers" : "",
      `${label}: ${row.join(" ")}`,
    ]),
  ];
}
