/** Carries the state of each part of a learner over to one with other fields or classes. */
import type { StateMap } from "../../checkpoint/stored-state.ts";
import type { State } from "../../state.ts";
import {
  type Axis,
  carryCells,
  fits,
  type Layout,
  type Numbers,
  numbered,
  padded,
} from "./labelled-cells.ts";
import { carryNetwork, changedUnits } from "./network.ts";

/** What a learner knows by name: fields apart from the target, classes (none for a number), experts. */
export interface Names {
  features: Axis;
  classes: Axis;
  experts: Axis;
}

/** What was carried over, and what starts over, in words. */
export interface Carried {
  carried: string[];
  fresh: string[];
  /** What the new learner does not have. */
  removed: string[];
}

const isNumbers = (state: unknown): state is Numbers =>
  state instanceof Float32Array || state instanceof Float64Array;

/** Whether two states have the same form, so that one can take the place of the other. */
export function isAlike(a: State | undefined, b: State | undefined): boolean {
  if (isNumbers(a) || isNumbers(b)) return isNumbers(a) && isNumbers(b) && a.length === b.length;
  if (Array.isArray(a) && Array.isArray(b))
    return a.length === b.length && a.every((one, at) => isAlike(one, b[at]));
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null)
    return typeof a === typeof b;
  const [mapA, mapB] = [a as StateMap, b as StateMap];
  const keys = new Set([...Object.keys(mapA), ...Object.keys(mapB)]);
  return [...keys].every((key) => isAlike(mapA[key], mapB[key]));
}

/** Totals that scores of classes begin with, the number of the most frequent class the last of them. */
const totals = 9;
const mostFrequentAt = 8;

/** Carries parts over, and keeps a list of what was. */
export class PartCarrier {
  readonly from: Names;
  readonly to: Names;
  readonly outcome: Carried = { carried: [], fresh: [], removed: [] };

  constructor(from: Names, to: Names) {
    this.from = from;
    this.to = to;
  }

  /** Notes what became of a part. */
  note(what: string, isCarried: boolean): void {
    (isCarried ? this.outcome.carried : this.outcome.fresh).push(what);
  }

  /** A part that depends on neither fields nor classes. */
  like(before: State, fresh: State): State {
    return isAlike(before, fresh) ? before : fresh;
  }

  /** The axes of both learners that a function makes of their names. */
  layout(axesOf: (names: Names) => Axis[]): Layout {
    return { from: axesOf(this.from), to: axesOf(this.to) };
  }

  /** Classes by their numbers, each by the number that its name has in the new learner; -1 stands for none. */
  classNumbers<Kind extends Numbers>(given: Kind): Kind {
    const { classes } = this.to;
    const moved = this.from.classes.map((name) => classes.indexOf(name));
    return given.map((label) => Math.max(Math.min(label, 0), moved[label] ?? -1)) as Kind;
  }

  /** Numbers along axes. */
  numbers(
    before: State,
    fresh: State,
    axesOf: (names: Names) => Axis[],
    newValue?: Parameters<typeof carryCells>[3],
  ): State {
    const layout = this.layout(axesOf);
    if (!isNumbers(before) || !isNumbers(fresh) || !fits(layout, before, fresh))
      return this.like(before, fresh);
    return carryCells(before, fresh, layout, newValue);
  }

  /** Statistics of columns: moments of each, and its first numbers where they are still of use. */
  statistic(
    before: State,
    fresh: State,
    columnsOf: (names: Names) => Axis = ({ features }) => features,
  ): State {
    const [old, made] = [before, fresh] as { moments: Numbers; first: Numbers }[];
    const count = columnsOf(this.to).length;
    const rows = numbered(made.moments.length / count);
    const firsts = numbered(32);
    const blank = new Float64Array(columnsOf(this.from).length * firsts.length);
    const oldFirst = old.first.length === 0 ? blank : old.first;
    const newFirst = made.first.length === 0 ? new Float64Array(count * firsts.length) : made.first;
    return {
      moments: this.numbers(old.moments, made.moments, (names) => [rows, columnsOf(names)]),
      first: this.numbers(oldFirst, newFirst, (names) => [columnsOf(names), firsts]),
    };
  }

  /** Scores of classes: totals, the confusion matrix, labels, recent answers. Those of numbers stay as they are. */
  metrics(before: State, fresh: State): State {
    const classes = this.from.classes.length;
    if (!isNumbers(before) || !isNumbers(fresh) || classes === 0) return this.like(before, fresh);
    const cut = (numbers: Numbers, count: number) => {
      const ends = [totals, totals + count * count, totals + count * count + count];
      return [
        numbers.slice(0, ends[0]),
        numbers.slice(ends[0], ends[1]),
        numbers.slice(ends[1], ends[2]),
        numbers.slice(ends[2]),
      ];
    };
    const old = cut(before, classes);
    const made = cut(fresh, this.to.classes.length);
    const sums = old[0].slice();
    sums[mostFrequentAt] = this.classNumbers(sums.subarray(mostFrequentAt, totals))[0];
    const parts = [
      sums,
      this.numbers(old[1], made[1], ({ classes }) => [classes, classes]) as Numbers,
      this.numbers(old[2], made[2], ({ classes }) => [classes]) as Numbers,
      old[3],
    ];
    return Float64Array.from(parts.flatMap((part) => [...part]));
  }

  /** Values that could not be true, of each field. */
  glitches(before: State, fresh: State): State {
    if (!isNumbers(before) || !isNumbers(fresh)) return fresh;
    const target = this.to.classes.length === 0 ? ["the target"] : [];
    const rows = numbered(3);
    return this.numbers(before, fresh, ({ features }) => [rows, [...features, ...target]]);
  }

  /** A network, whose inputs are named; false where its layers are others. */
  network(
    before: State,
    fresh: State,
    inputsOf: (names: Names) => Axis[],
  ): { state: State; isCarried: boolean } {
    const outputsOf = ({ classes }: Names) => (classes.length > 0 ? classes : ["the number"]);
    const carried = carryNetwork(before, fresh, {
      inputs: inputsOf(this.from),
      newInputs: inputsOf(this.to),
      outputs: outputsOf(this.from),
      newOutputs: outputsOf(this.to),
    });
    if (carried === null) return { state: fresh, isCarried: false };
    const { added, dropped } = changedUnits(before, fresh);
    this.outcome.fresh.push(...added);
    this.outcome.removed.push(...dropped);
    return { state: carried, isCarried: true };
  }
}

const called = (kind: string, names: Axis): Axis => names.map((name) => `${kind} ${name}`);

/** What experts see of a row. */
const seen: { [expert: string]: (names: Names) => Axis[] } = {
  features: ({ features }) => [features],
  withLabel: ({ features, classes }) => [features, called("last", classes)],
  rowOfClasses: ({ features, classes }) => [
    features,
    called("last", classes),
    called("deviation of", features),
  ],
  withTargets: ({ features }) => [features, ["last", "second last"]],
  rowOfNumbers: ({ features }) => [features, ["last", "second last"], called("deviation of", features)],
  line: ({ features }) => [features, called("change of", features), ["last", "second last"]],
};

/** The state of an expert in the new learner. */
export function carryExpert(carrier: PartCarrier, name: string, before: State, fresh: State): State {
  const ofClasses = carrier.to.classes.length > 0;
  const network = (inputsOf: (names: Names) => Axis[]) => {
    const { state, isCarried } = carrier.network(before, fresh, inputsOf);
    carrier.note(name, isCarried);
    return state;
  };
  if (before === null && fresh === null) return null;
  switch (name) {
    case "network":
      return network(ofClasses ? seen["rowOfClasses"] : seen["rowOfNumbers"]);
    case "linear":
      return network(seen["withLabel"]);
    case "naive-bayes":
      carrier.note(name, true);
      return naiveBayes(carrier, before as StateMap, fresh as StateMap);
    case "label-transitions": {
      carrier.note(name, true);
      const counts = carrier.numbers(
        (before as StateMap)["counts"],
        (fresh as StateMap)["counts"],
        ({ classes }) => [classes, classes],
      );
      return { counts };
    }
    case "least-squares":
    case "least-squares-recent":
      return leastSquares(carrier, name, before as StateMap, fresh as StateMap, seen["line"]);
    case "least-squares-level":
      return leastSquares(carrier, name, before as StateMap, fresh as StateMap, seen["features"]);
    case "replayed-network":
    case "replayed-level":
      return replayed(carrier, name, before as StateMap, fresh as StateMap, seen["features"]);
    case "replayed-change":
      return replayed(carrier, name, before as StateMap, fresh as StateMap, seen["withTargets"]);
    default: {
      const isCarried = isAlike(before, fresh);
      carrier.note(name, isCarried);
      return isCarried ? before : fresh;
    }
  }
}

/** A new field is as likely in every class: mean 0 and variance 1, so that it says nothing. */
function naiveBayes(carrier: PartCarrier, before: StateMap, fresh: StateMap): State {
  const counts = carrier.numbers(before["counts"], fresh["counts"], ({ classes }) => [classes]) as Numbers;
  const stride = (names: Names) => padded(names.features, 4 * Math.ceil(names.features.length / 4));
  const axes = (names: Names) => [names.classes, stride(names)];
  const isFeature = (at: number) => at < carrier.to.features.length;
  return {
    counts,
    means: carrier.numbers(before["means"], fresh["means"], axes),
    squares: carrier.numbers(before["squares"], fresh["squares"], axes, ([isNewClass], [label, at], value) =>
      !isNewClass && isFeature(at) ? counts[label] : value,
    ),
  };
}

function leastSquares(
  carrier: PartCarrier,
  name: string,
  before: StateMap,
  fresh: StateMap,
  inputsOf: (names: Names) => Axis[],
): State {
  carrier.note(name, true);
  const inputs = (names: Names) => [...inputsOf(names).flat(), "constant"];
  return {
    weights: carrier.numbers(before["weights"], fresh["weights"], (names) => [inputs(names)]),
    covariance: carrier.numbers(mirrored(before["covariance"]), fresh["covariance"], (names) => [
      inputs(names),
      inputs(names),
    ]),
  };
}

/** Weights of a metric, 1 on average: neighbours count as before where all are scaled alike. */
function averaging1(given: State): State {
  const weights = given as Float32Array;
  const sum = weights.reduce((total, weight) => total + weight, 0);
  return sum > 0
    ? weights.map((weight) => (weight * weights.length) / sum)
    : new Float32Array(weights.length).fill(1);
}

/** A symmetric matrix of which one triangle is kept, as a whole, so that its rows may change their order. */
function mirrored(triangle: State): State {
  const matrix = (triangle as Float64Array).slice();
  const size = Math.sqrt(matrix.length);
  for (let i = 0; i < size; i++) {
    for (let j = 0; j < i; j++) matrix[j * size + i] = matrix[i * size + j];
  }
  return matrix;
}

/** A network with its ring of rows and the metric in which neighbours are near. A new field does not part rows at first. */
function replayed(
  carrier: PartCarrier,
  name: string,
  before: StateMap,
  fresh: StateMap,
  inputsOf: (names: Names) => Axis[],
): State {
  const { state: network, isCarried } = carrier.network(before["network"], fresh["network"], inputsOf);
  carrier.note(name, isCarried);
  const inputs = (names: Names) => inputsOf(names).flat();
  const [ring, freshRing] = [before["ring"], fresh["ring"]] as StateMap[];
  const isSameRing = isAlike(ring["targets"], freshRing["targets"]);
  carrier.note(`rows to compare with of ${name}`, isSameRing);
  const stride = numbered((freshRing["columns"] as Numbers).length / inputs(carrier.to).length);
  const [metric, freshMetric] = [before["metric"], fresh["metric"]] as StateMap[];
  return {
    network,
    ring: isSameRing
      ? {
          ...ring,
          ...(carrier.to.classes.length > 0
            ? { targets: carrier.classNumbers(ring["targets"] as Numbers) }
            : {}),
          columns: carrier.numbers(ring["columns"], freshRing["columns"], (names) => [inputs(names), stride]),
        }
      : freshRing,
    metric: {
      squares: carrier.numbers(
        metric["squares"],
        freshMetric["squares"],
        (names) => [inputs(names)],
        () => 0,
      ),
      weights: averaging1(
        carrier.numbers(
          metric["weights"],
          freshMetric["weights"],
          (names) => [inputs(names)],
          () => 0,
        ),
      ),
      count: metric["count"],
    },
    unit: before["unit"],
    draws: fresh["draws"],
  };
}
