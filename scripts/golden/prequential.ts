import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { binaryCrossEntropy, dense, mse, sgd } from "../../src/engine/model/model.ts";
import { createNetwork, type Network } from "../../src/engine/running/network.ts";
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

/** One golden-prequential/1: a linear model over a whole stream, through running statistics, network and metrics. */
export function runPrequential(trace: Trace, { dataDirectory }: { dataDirectory: string }): Outcome {
  const text = readData(dataDirectory, trace.dataset);
  if (text === null) return { skipped: `no data set ${trace.dataset} in ${dataDirectory}` };
  if (createHash("sha256").update(text).digest("hex") !== trace.sha256PlainCsv) {
    return `data set ${trace.dataset} has another checksum`;
  }
  const [header, ...lines] = text.trimEnd().split("\n");
  const names = header.split(",");
  const columns = trace.features.map((name: string) => names.indexOf(name));
  const model = new LinearModel(columns.length, trace);
  const row = new Float64Array(columns.length);
  for (const [index, line] of lines.entries()) {
    const cells = line.split(",").map(Number);
    for (let i = 0; i < row.length; i++) row[i] = cells[columns[i]];
    model.observe(row, cells[cells.length - 1]);
    const expected = trace.checkpoints.find(({ n }: Trace) => n === index + 1);
    const difference = expected ? model.compare(expected, `after ${index + 1} rows`) : null;
    if (difference) return difference;
  }
  return comparePublished(trace.published, model.scores());
}

/**
 * Predicts each row, scores the prediction, then learns the row. The intercept has its own learning rate: it is the
 * weight of a constant input c, whose steps are c^2 as large.
 */
class LinearModel {
  readonly #network: Network;
  readonly #constant: number;
  readonly #isLogistic: boolean;
  // The plain rule: `standardize` holds outliers within 8 deviations, which these streams have from their first rows on.
  readonly #statistics: RunningStatistics;
  readonly #scaled: Float64Array;
  readonly #classification = new ClassificationMetrics(2);
  readonly #regression = new RegressionMetrics();
  readonly #truth = new Float64Array(1);
  readonly #answer = new Float64Array(1);

  constructor(width: number, { task, learningRate, interceptLearningRate }: Trace) {
    this.#isLogistic = task === "logistic";
    this.#constant = Math.sqrt(interceptLearningRate / learningRate);
    this.#statistics = new RunningStatistics(width);
    this.#scaled = new Float64Array(width);
    this.#network = createNetwork({
      inputShape: [width + 1],
      layers: [dense(1, { bias: false })],
      loss: this.#isLogistic ? binaryCrossEntropy() : mse(),
      optimizer: sgd({ learningRate }),
      clip: null,
    });
    const zeros = new Float32Array(width + 1);
    this.#network.setParameters([{ name: "0.weight", shape: [1, width + 1], data: zeros }]);
    this.#network.input[width] = this.#constant;
  }

  observe(row: Float64Array, target: number): void {
    const network = this.#network;
    this.#truth[0] = target;
    this.#see(row);
    network.infer(1);
    this.#score(network.output[0]);
    this.#statistics.learn(row, 0);
    this.#see(row);
    network.target[0] = target;
    network.step(1);
  }

  #see(row: Float64Array): void {
    this.#statistics.standardize(row, 0, this.#scaled);
    this.#network.input.set(this.#scaled);
  }

  #score(output: number): void {
    this.#answer[0] = output;
    if (!this.#isLogistic) {
      this.#regression.observe(this.#truth, 0, this.#answer);
      return;
    }
    // Both probabilities from the logit: 1 minus a float32 near 1 has no digits left.
    const probabilities = [1 / (1 + Math.exp(output)), 1 / (1 + Math.exp(-output))];
    this.#classification.observe(this.#truth[0], probabilities[1] > 0.5 ? 1 : 0, probabilities);
  }

  /** The first difference from the weights and scores that are expected; null where there is none. */
  compare(expected: Trace, after: string): string | null {
    const weights = this.#network.parameters()[0].data;
    const width = this.#scaled.length;
    const intercept = [weights[width] * this.#constant];
    return (
      compareNumbers(`weights ${after}`, weights.subarray(0, width), expected.weights, tolerances.weights) ??
      compareNumbers(`intercept ${after}`, intercept, [expected.bias], tolerances.weights) ??
      (this.#isLogistic
        ? compareClasses(this.#classification, expected, after)
        : compareErrors(this.#regression, expected, after))
    );
  }

  scores(): Record<string, number> {
    if (!this.#isLogistic) return { MAE: this.#regression.mae, RMSE: this.#regression.report().rmse };
    const { accuracy, perClass } = this.#classification.report();
    return { accuracy, F1: perClass[1].f1 };
  }
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
