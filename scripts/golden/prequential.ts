import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { binaryCrossEntropy, dense, type Model, mse, sgd } from "../../src/engine/model/model.ts";
import { createNetwork } from "../../src/engine/running/network.ts";
import { RunningStatistics } from "../../src/features/running-statistics.ts";
import { ClassificationMetrics } from "../../src/learner/classification-metrics.ts";
import { RegressionMetrics } from "../../src/learner/regression-metrics.ts";
import { compareNumbers, type Outcome, type Trace } from "./outcome.ts";

/** Weights are float32 and thousands of updates old; what was published must come out to the last digit. */
const tolerances = { weights: 5e-4, scores: 1e-5 };

function readData(folder: string, dataset: string): string | null {
  const plain = join(folder, dataset, "data.csv");
  if (existsSync(plain)) return readFileSync(plain, "utf8");
  return existsSync(`${plain}.gz`) ? gunzipSync(readFileSync(`${plain}.gz`)).toString("utf8") : null;
}

/**
 * One golden-prequential/1: a linear model over a whole stream, through running statistics, network and metrics. The
 * intercept has a learning rate of its own: it is the weight of a constant input c, whose steps are c^2 as large.
 */
export function runPrequential(trace: Trace, { dataDirectory }: { dataDirectory: string }): Outcome {
  const text = readData(dataDirectory, trace.dataset);
  if (text === null) return { skipped: `no data set ${trace.dataset} in ${dataDirectory}` };
  if (createHash("sha256").update(text).digest("hex") !== trace.sha256PlainCsv) {
    return `data set ${trace.dataset} has another checksum`;
  }
  const [header, ...lines] = text.trimEnd().split("\n");
  const columns = trace.features.map((name: string) => header.split(",").indexOf(name));
  const width = columns.length;
  const logistic = trace.task === "logistic";
  const constant = Math.sqrt(trace.interceptLearningRate / trace.learningRate);
  const model: Model = {
    inputShape: [width + 1],
    layers: [dense(1, { bias: false })],
    loss: logistic ? binaryCrossEntropy() : mse(),
    optimizer: sgd({ learningRate: trace.learningRate }),
    clip: null,
  };
  const network = createNetwork(model);
  network.setParameters([{ name: "0.weight", shape: [1, width + 1], data: new Float32Array(width + 1) }]);
  network.input[width] = constant;
  // The plain rule: `standardize` holds outliers within 8 deviations, which these streams have from their first rows on.
  const statistics = new RunningStatistics(width);
  const scaled = new Float64Array(width);
  const classification = new ClassificationMetrics(2);
  const regression = new RegressionMetrics();
  const row = new Float64Array(width);
  const truth = new Float64Array(1);
  const answer = new Float64Array(1);

  for (const [index, line] of lines.entries()) {
    const cells = line.split(",").map(Number);
    for (let i = 0; i < width; i++) row[i] = cells[columns[i]];
    truth[0] = cells[cells.length - 1];
    statistics.standardize(row, 0, scaled);
    network.input.set(scaled);
    network.infer(1);
    const z = network.output[0];
    answer[0] = z;
    // Both probabilities from the logit: 1 minus a float32 near 1 has no digits left.
    const probabilities = [1 / (1 + Math.exp(z)), 1 / (1 + Math.exp(-z))];
    if (logistic) classification.observe(truth[0], probabilities[1] > 0.5 ? 1 : 0, probabilities);
    else regression.observe(truth, 0, answer);
    statistics.learn(row, 0);
    statistics.standardize(row, 0, scaled);
    network.input.set(scaled);
    network.target[0] = truth[0];
    network.step(1);

    const expected = trace.checkpoints.find(({ n }: Trace) => n === index + 1);
    if (!expected) continue;
    const weights = network.parameters()[0].data;
    const after = `after ${index + 1} rows`;
    const difference =
      compareNumbers(`weights ${after}`, weights.subarray(0, width), expected.weights, tolerances.weights) ??
      compareNumbers(
        `intercept ${after}`,
        [weights[width] * constant],
        [expected.bias],
        tolerances.weights,
      ) ??
      (logistic
        ? compareClasses(classification, expected, after)
        : compareErrors(regression, expected, after));
    if (difference) return difference;
  }
  return comparePublished(
    trace.published,
    logistic
      ? { accuracy: classification.accuracy, F1: classification.report().perClass[1].f1 }
      : { MAE: regression.mae, RMSE: regression.report().rmse },
  );
}

/** Compares with the numbers in a text such as "accuracy 0.822144, F1 0.777086", to the digits that it shows. */
function comparePublished(published: string, scores: Record<string, number>): string | null {
  for (const [name, score] of Object.entries(scores)) {
    const shown = published.match(new RegExp(`\\b${name} ([0-9.]+)`))?.[1];
    if (shown === undefined) return `the published text "${published}" has no ${name}`;
    const found = score.toFixed(shown.length - shown.indexOf(".") - 1);
    if (Number(found) !== Number(shown)) return `final ${name} is ${found}, published ${shown}`;
  }
  return null;
}

function compareClasses(metrics: ClassificationMetrics, expected: Trace, after: string): string | null {
  const { accuracy, perClass, logLoss, confusion } = metrics.report();
  const correct = confusion[0][0] + confusion[1][1];
  if (correct !== expected.correct) return `${correct} right answers ${after}, expected ${expected.correct}`;
  const found = [accuracy, perClass[1].f1, logLoss];
  const wanted = [expected.accuracy, expected.f1, expected.logLoss];
  return compareNumbers(`accuracy, F1 and log loss ${after}`, found, wanted, tolerances.scores);
}

function compareErrors(metrics: RegressionMetrics, expected: Trace, after: string): string | null {
  const { mae, rmse } = metrics.report();
  return compareNumbers(
    `MAE and RMSE ${after}`,
    [mae, rmse],
    [expected.mae, expected.rmse],
    tolerances.scores,
  );
}
