import { restoreBlock } from "../features/restore.ts";
import { takeLogarithm } from "../logarithm.ts";
import type { State, Stateful } from "../state.ts";
import { type Check, finite, notNegative, parts, whole, wholeWithin } from "../state-check.ts";

export interface Averages {
  precision: number;
  recall: number;
  f1: number;
}

/** Everything known about a classifier's answers so far. A ratio whose denominator is 0 is 0. */
export interface ClassificationReport {
  /** Tells it from the report of a regression. */
  task: "classification";
  samples: number;
  accuracy: number;
  /** Accuracy over the last `slidingWindow` samples, and with older samples fading away. */
  slidingAccuracy: number;
  fadingAccuracy: number;
  /** Accuracy of always naming the class that was most frequent so far. */
  baselineAccuracy: number;
  /** Mean of -log(probability of the true class), probabilities held above 1e-15. */
  logLoss: number;
  macroF1: number;
  balancedAccuracy: number;
  /** Cohen, 1960. */
  kappa: number;
  /** Matthews' correlation coefficient, for any number of classes (Gorodkin, 2004). */
  mcc: number;
  /** [true class][predicted class] */
  confusion: number[][];
  perClass: (Averages & { support: number })[];
  macro: Averages;
  micro: Averages;
  weighted: Averages;
}

/** Places in the block of running totals. */
const at = {
  samples: 0,
  correct: 1,
  logLoss: 2,
  fadingCorrect: 3,
  fadingSamples: 4,
  baselineCorrect: 5,
  slidingCorrect: 6,
  slidingNext: 7,
  mostFrequent: 8,
} as const;
const totalsLength = 9;

/** Samples that each class counts as having beside those that came, where classes are balanced. */
const unseen = 10;

/** As a checkpoint stores them: 500 numbers for as many bits would be most of a small learner's file. */
const answersPerNumber = 32;

const ratio = (part: number, whole: number) => (whole === 0 ? 0 : part / whole);

/** Running scores of a classifier; a sample costs constant time, whatever the classes, and no allocation. */
export class ClassificationMetrics implements Stateful {
  readonly classes: number;
  readonly slidingWindow: number;
  readonly fadingFactor: number;
  readonly #block: Float64Array;
  /** What is stored: the block up to here, and the recent answers packed. */
  readonly #stored: Float64Array;
  readonly #totals: Float64Array;
  /** [true class, predicted class] */
  readonly #confusion: Float64Array;
  /** Samples of each class, scored or not, [classes]. */
  readonly #known: Float64Array;
  /** 1 for each of the last answers that was right. */
  readonly #recent: Float64Array;
  readonly #cell = new Float64Array(1);

  constructor(classes: number, { slidingWindow = 500, fadingFactor = 0.99 } = {}) {
    this.classes = classes;
    this.slidingWindow = slidingWindow;
    this.fadingFactor = fadingFactor;
    const sizes = [totalsLength, classes * classes, classes, slidingWindow];
    this.#block = new Float64Array(sizes.reduce((sum, size) => sum + size));
    let start = 0;
    [this.#totals, this.#confusion, this.#known, this.#recent] = sizes.map((size) => {
      start += size;
      return this.#block.subarray(start - size, start);
    });
    const packed = Math.ceil(slidingWindow / answersPerNumber);
    this.#stored = new Float64Array(this.#block.length - slidingWindow + packed);
  }

  /**
   * Scores one answer. `label` and `predicted` are class indices; `probabilities` [classes] are those of the
   * answer, or null where there are none: then the log loss stays as it is.
   */
  observe(label: number, predicted: number, probabilities: ArrayLike<number> | null): void {
    const totals = this.#totals;
    const correct = label === predicted ? 1 : 0;
    if (totals[at.mostFrequent] === label) totals[at.baselineCorrect]++;
    this.#confusion[label * this.classes + predicted]++;
    this.learnTarget(label);
    totals[at.correct] += correct;
    totals[at.fadingCorrect] = correct + this.fadingFactor * totals[at.fadingCorrect];
    totals[at.fadingSamples] = 1 + this.fadingFactor * totals[at.fadingSamples];
    const next = totals[at.slidingNext];
    totals[at.slidingCorrect] += correct - this.#recent[next];
    this.#recent[next] = correct;
    totals[at.slidingNext] = next + 1 === this.slidingWindow ? 0 : next + 1;
    if (probabilities) {
      const cell = this.#cell;
      cell[0] = Math.max(probabilities[label], 1e-15);
      takeLogarithm(cell, 0);
      totals[at.logLoss] -= cell[0];
    }
    totals[at.samples]++;
  }

  /**
   * Corrects the score of an answer that was scored with the wrong label `before`. Sums over all answers are as if it
   * had been right; those of the latest answers and of the baseline stay as they are.
   */
  correct(label: number, before: number, predicted: number, probabilities: ArrayLike<number>): void {
    const totals = this.#totals;
    this.#confusion[before * this.classes + predicted]--;
    this.#confusion[label * this.classes + predicted]++;
    this.#known[before]--;
    this.#known[label]++;
    totals[at.mostFrequent] = this.#firstOfMost();
    totals[at.correct] += Number(label === predicted) - Number(before === predicted);
    const cell = this.#cell;
    cell[0] = Math.max(probabilities[before], 1e-15) / Math.max(probabilities[label], 1e-15);
    takeLogarithm(cell, 0);
    totals[at.logLoss] += cell[0];
  }

  /** Takes a label as known, where its prediction is not to be scored. */
  learnTarget(label: number): void {
    const known = this.#known;
    const mostFrequent = this.#totals[at.mostFrequent];
    known[label]++;
    // Only the class that just grew can pass the first among equals.
    const ahead = known[label] - known[mostFrequent];
    if (ahead > 0 || (ahead === 0 && label < mostFrequent)) this.#totals[at.mostFrequent] = label;
  }

  #firstOfMost(): number {
    const known = this.#known;
    let most = 0;
    for (let label = 1; label < known.length; label++) if (known[label] > known[most]) most = label;
    return most;
  }

  /** The class with the most samples so far, the first of several; 0 before the first sample. */
  get mostFrequent(): number {
    return this.#totals[at.mostFrequent];
  }

  /**
   * The class that is most probable beside how often it came: the largest p(c) / (n(c) + 10), of those that came. So all classes count the
   * same, however rare (Elkan, 2001); the 10 keeps a class that was hardly seen from being named for nothing.
   */
  standingOut(probabilities: Float64Array): number {
    const known = this.#known;
    let best = this.mostFrequent;
    for (let c = 0; c < known.length; c++) {
      if (known[c] === 0) continue;
      if (probabilities[c] * (known[best] + unseen) > probabilities[best] * (known[c] + unseen)) best = c;
    }
    return best;
  }

  /** Writes the share of a label among those so far, of which each class has a half before the first, to `out[outAt]`. */
  writeFrequency(label: number, out: Float64Array, outAt: number): void {
    const known = this.#known;
    let total = 0;
    for (let c = 0; c < this.classes; c++) total += known[c];
    out[outAt] = (known[label] + 0.5) / (total + 0.5 * this.classes);
  }

  /** Predictions that were scored. */
  get samples(): number {
    return this.#totals[at.samples];
  }

  get accuracy(): number {
    return ratio(this.#totals[at.correct], this.samples);
  }

  get slidingAccuracy(): number {
    return ratio(this.#totals[at.slidingCorrect], Math.min(this.samples, this.slidingWindow));
  }

  get fadingAccuracy(): number {
    return ratio(this.#totals[at.fadingCorrect], this.#totals[at.fadingSamples]);
  }

  get baselineAccuracy(): number {
    return ratio(this.#totals[at.baselineCorrect], this.samples);
  }

  report(): ClassificationReport {
    const k = this.classes;
    const confusion = Array.from({ length: k }, (_, row) => [
      ...this.#confusion.subarray(row * k, row * k + k),
    ]);
    const predicted = confusion[0].map((_, c) => confusion.reduce((sum, row) => sum + row[c], 0));
    const support = confusion.map((row) => row.reduce((sum, count) => sum + count));
    const perClass = confusion.map((row, c) => {
      const precision = ratio(row[c], predicted[c]);
      const recall = ratio(row[c], support[c]);
      return { ...averages(precision, recall), support: support[c] };
    });
    const mean = (key: keyof Averages, weight: (c: number) => number) =>
      perClass.reduce((sum, scores, c) => sum + scores[key] * weight(c), 0);
    const over = (weight: (c: number) => number): Averages => ({
      precision: mean("precision", weight),
      recall: mean("recall", weight),
      f1: mean("f1", weight),
    });
    const macro = over(() => 1 / k);
    return {
      task: "classification",
      samples: this.samples,
      accuracy: this.accuracy,
      slidingAccuracy: this.slidingAccuracy,
      fadingAccuracy: this.fadingAccuracy,
      baselineAccuracy: this.baselineAccuracy,
      logLoss: ratio(this.#totals[at.logLoss], this.samples),
      macroF1: macro.f1,
      balancedAccuracy: balanced(perClass),
      ...this.#agreement(predicted, support),
      confusion,
      perClass,
      macro,
      micro: averages(this.accuracy, this.accuracy),
      weighted: over((c) => ratio(support[c], this.samples)),
    };
  }

  /** Agreement beyond chance. */
  #agreement(predicted: number[], support: number[]): { kappa: number; mcc: number } {
    const n = this.samples;
    const correct = this.#totals[at.correct];
    let chance = 0;
    let predictedSquares = 0;
    let supportSquares = 0;
    for (let c = 0; c < this.classes; c++) {
      chance += predicted[c] * support[c];
      predictedSquares += predicted[c] ** 2;
      supportSquares += support[c] ** 2;
    }
    const covariance = correct * n - chance;
    return {
      kappa: ratio(covariance, n * n - chance),
      mcc: ratio(covariance, Math.sqrt((n * n - predictedSquares) * (n * n - supportSquares))),
    };
  }

  state(): State {
    const stored = this.#stored;
    const recent = this.#recent;
    const start = this.#block.length - recent.length;
    stored.set(this.#block.subarray(0, start));
    stored.fill(0, start);
    for (let i = 0; i < recent.length; i++) {
      stored[start + Math.floor(i / answersPerNumber)] += recent[i] * 2 ** (i % answersPerNumber);
    }
    return stored;
  }

  #check(): Check {
    return parts(whole, [
      [at.logLoss, finite],
      [at.fadingCorrect, notNegative],
      [at.fadingSamples, notNegative],
      [at.slidingNext, wholeWithin(0, this.slidingWindow - 1)],
      [at.mostFrequent, wholeWithin(0, this.classes - 1)],
      [
        [this.#block.length - this.slidingWindow, this.#stored.length],
        wholeWithin(0, 2 ** answersPerNumber - 1),
      ],
    ]);
  }

  restore(state: State): void {
    restoreBlock(this.#stored, state, "metrics", this.#check());
    const stored = this.#stored;
    const recent = this.#recent;
    const start = this.#block.length - recent.length;
    this.#block.set(stored.subarray(0, start));
    for (let i = 0; i < recent.length; i++) {
      recent[i] = (stored[start + Math.floor(i / answersPerNumber)] >>> (i % answersPerNumber)) & 1;
    }
  }
}

function averages(precision: number, recall: number): Averages {
  return { precision, recall, f1: ratio(2 * precision * recall, precision + recall) };
}

/** Mean recall of the classes that occurred. */
function balanced(perClass: (Averages & { support: number })[]): number {
  const seen = perClass.filter(({ support }) => support > 0);
  return ratio(
    seen.reduce((sum, { recall }) => sum + recall, 0),
    seen.length,
  );
}
