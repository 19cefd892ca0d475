/** The parts of the page below the chart, from one state of the daemon. */
import type { ClassificationReport } from "../learner/classification-metrics.ts";
import type { ModelStatus } from "../model-status.ts";
import {
  ensembleParts,
  type FieldStatus,
  type NumberScores,
  type StatusDocument,
} from "../status/document.ts";
import { formatDuration } from "../wording/quantities.ts";
import { byId, element, fill, meter, table } from "./elements.ts";
import { count, localTime, measured, percent, shortName, unknown, withLocalTimes } from "./numbers.ts";

/** A matrix of more classes is no picture any more. */
const mostClassesInMatrix = 12;

type ClassScores = ClassificationReport & { lastLabelAccuracy?: number; calibrationError?: number };
function tile(title: string, value: string, isFirst = false): HTMLElement {
  return element("div", "tile", element("b", isFirst ? "first" : "", value), element("span", "", title));
}

/** The scores beside what simple rules reach. */
export function drawTiles({ scores, target }: StatusDocument): void {
  const isKnown = scores.samples > 0;
  const share = (value: number | undefined) => (isKnown ? percent(value) : unknown);
  const number = (value: number | undefined) => (isKnown ? measured(value) : unknown);
  const parts = ensembleParts(scores);
  byId("tiles").hidden = target === null;
  if (target === null) return;
  const skill =
    parts && tile("skill: less loss than the best simple rule", isKnown ? percent(parts.skill) : unknown);
  if (target.classes !== null) {
    const { slidingAccuracy, accuracy, baselineAccuracy, lastLabelAccuracy } = scores as ClassScores;
    fill(
      "tiles",
      tile("right lately", share(slidingAccuracy), true),
      tile("right in all", share(accuracy)),
      tile("if always the most frequent class", share(baselineAccuracy)),
      lastLabelAccuracy === undefined ? null : tile("if always the last label", share(lastLabelAccuracy)),
      skill,
    );
    return;
  }
  const { fadingMae, mae, baselineMae, r2, interval } = scores as NumberScores;
  fill(
    "tiles",
    forecastTile(scores as NumberScores),
    tile("mean error lately", number(fadingMae), true),
    tile("mean error in all", number(mae)),
    tile("mean error if always the mean", number(baselineMae)),
    tile("R²", number(r2)),
    interval === undefined
      ? null
      : tile(`of targets in the ${percent(interval.asked)} interval`, share(interval.coverage)),
    skill,
  );
}

/** The latest forecast, how far ahead it is, and the interval that should hold the truth. */
function forecastTile({ forecast }: NumberScores): HTMLElement | null {
  if (!forecast?.latest) return null;
  const { horizon, horizonMs, latest } = forecast;
  const ahead = horizonMs === null ? `${count(horizon)} rows` : formatDuration(horizonMs);
  const ends = `${measured(latest.lower)} to ${measured(latest.upper)}`;
  return tile(`latest forecast, for ${ahead} later: ${ends}`, measured(latest.value), true);
}

/** The confusion matrix, each row with precision, recall and F of its class. */
export function drawConfusion({ scores, target }: StatusDocument): void {
  const classes = target?.classes ?? null;
  byId("confusion-panel").hidden = classes === null;
  if (classes === null) return;
  const { confusion, perClass } = scores as ClassScores;
  if (perClass.length === 0) {
    fill("confusion", element("p", "quiet", `${classes.length} classes are too many to list`));
    return;
  }
  const hasMatrix = classes.length <= mostClassesInMatrix;
  const head = element(
    "tr",
    "",
    element("th", "", hasMatrix ? "true class" : "true class, the worst known first"),
    ...(hasMatrix
      ? classes.map((name) => named("th", "number", `as ${shortName(name, 14)}`, name))
      : [element("th", "number", "samples")]),
    ...["precision %", "recall %", "F %"].map((title) => element("th", "number", title)),
  );
  const inOrder = classes.map((_, label) => label);
  const labels = hasMatrix ? inOrder : inOrder.sort((a, b) => rankOf(perClass[a]) - rankOf(perClass[b]));
  const rows = labels.map((label) => {
    const { precision, recall, f1, support } = perClass[label];
    return element(
      "tr",
      "",
      named("td", "class", shortName(classes[label], mostLetters), classes[label]),
      ...(hasMatrix
        ? confusion[label].map((value, predicted) => heat(value, support, predicted === label))
        : [element("td", "number", count(support))]),
      ...[precision, recall, f1].map((value) =>
        element("td", "number", support > 0 ? (100 * value).toFixed(1) : unknown),
      ),
    );
  });
  fill("confusion", element("table", "", element("thead", "", head), element("tbody", "", ...rows)));
}

/** Letters of the name of a class. */
const mostLetters = 20;

/** A cell with a name that may be shortened, and the whole of it for who points at it. */
function named(kind: "td" | "th", className: string, text: string, name: string): HTMLElement {
  const cell = element(kind, className, text);
  cell.title = name;
  return cell;
}

/** The place of a class in a long list: those of which nothing is known come last. */
const rankOf = ({ f1, support }: ClassScores["perClass"][number]) => (support > 0 ? f1 : 2);

/** From here on a cell is so dark that its number is legible in white alone. */
const strongShare = 0.8;

function heat(value: number, total: number, isRight: boolean): HTMLElement {
  const share = total > 0 ? value / total : 0;
  const cell = element(
    "td",
    `cell${isRight ? " right" : ""}${share > strongShare ? " strong" : ""}`,
    count(value),
  );
  cell.style.background = `rgba(var(--heat), ${share.toFixed(3)})`;
  cell.title = percent(share);
  return cell;
}

/** The expert that is the network of a model from outside. */
const outsideExpert = "guest";

/** More columns than so are counted, not named. */
const mostNamed = 8;

/** Whether something is unlike normal, and the latest episodes, each with its reason and what became of it. */
export function drawAnomaly({ anomaly }: StatusDocument): void {
  byId("anomaly-panel").hidden = anomaly === null;
  if (anomaly === null) return;
  const { text, isOpen, isWarm, evidence, threshold, episodes, columns, alarmsPerWeek } = anomaly;
  byId("anomaly-panel").dataset["state"] = isOpen ? "open" : isWarm ? "quiet" : "learning";
  byId("anomaly-text").textContent = withLocalTimes(text);
  byId("normal").hidden = episodes.length === 0 || episodes[0].saidNormal;
  const share = threshold > 0 ? Math.min(1, evidence / threshold) : 0;
  fill(
    "anomaly-meter",
    meter(share, `${evidence.toFixed(1)} of the ${threshold.toFixed(1)} that an alarm needs`),
    // While all is quiet the text says it.
    ...(isOpen || !isWarm
      ? [
          element(
            "span",
            "quiet",
            `evidence that the latest sample is unlike normal: ${evidence.toFixed(1)}; an alarm needs ${threshold.toFixed(1)}`,
          ),
        ]
      : []),
  );
  const watched = columns.length <= mostNamed ? columns.join(", ") : `${columns.length} columns`;
  const about = `watching ${watched}; at most ${alarmsPerWeek} alarms a week`;
  byId("anomaly-about").textContent = anomaly.knowsLocalTime
    ? about
    : `${about}; the time of day is not known yet, so nothing is learned of it`;
  const lines = episodes.map(({ since, until, text: reason, outcome, saidNormal }) => {
    const stamp = element("time", "", localTime(new Date(since)));
    stamp.setAttribute("datetime", since);
    const fate = saidNormal ? "said to be normal" : (outcome ?? "it goes on");
    const line = element("li", until === null && !saidNormal ? "problem" : "", stamp, reason);
    line.append(element("span", "quiet", ` — ${fate}`));
    return line;
  });
  fill("anomalies", ...lines);
}

/** What each expert weighs in the answer. */
export function drawExperts({ scores }: StatusDocument): void {
  const parts = ensembleParts(scores);
  byId("experts-panel").hidden = parts === null;
  if (parts === null) return;
  const hasRestarts = parts.experts.some(({ restarts }) => restarts > 0);
  const rows = [...parts.experts]
    .sort((a, b) => b.weight - a.weight)
    .map(({ name, weight, loss, restarts }) => [
      name,
      meter(weight, percent(weight)),
      weight.toFixed(2),
      scores.samples > 0 ? measured(loss) : unknown,
      ...(hasRestarts ? [count(restarts)] : []),
    ]);
  const columns = [
    { title: "expert" },
    { title: "weight" },
    { title: "", isNumber: true },
    { title: "mean loss", isNumber: true },
    ...(hasRestarts ? [{ title: "restarts", isNumber: true, isWide: true }] : []),
  ];
  fill("experts", table(columns, rows));
}

const modelStates: Record<ModelStatus["state"], string> = {
  none: "not in this learner",
  "side by side": "on trial beside the network before it",
  "in use": "in use",
  "went back": "not used any more",
  refused: "refused",
};

/** The latest model from the host: what became of it, why, and what it is worth. */
export function drawModel({ model, scores }: StatusDocument): void {
  byId("model-panel").hidden = model === null;
  if (model === null) return;
  const { version, group, state, reason, samples, difference } = model;
  byId("model-title").textContent = group === undefined ? "Model from the host" : `Model for ${group}`;
  byId("model-panel").dataset["state"] = state;
  byId("model-state").textContent = `Version ${version} is ${modelStates[state]}`;
  byId("model-reason").textContent = reason === undefined ? "" : `— ${reason}`;
  const weight = ensembleParts(scores)?.experts.find(({ name }) => name === outsideExpert)?.weight;
  const facts: [string, string][] = [
    ...(weight === undefined ? [] : ([["weight in the answer", percent(weight)]] as [string, string][])),
    ...(samples === 0 ? [] : ([["compared over", `${count(samples)} samples`]] as [string, string][])),
    ...(difference === null ? [] : ([["loss with it", lossText(difference)]] as [string, string][])),
  ];
  fill("model", ...facts.flatMap(([name, value]) => [element("dt", "", name), element("dd", "", value)]));
}

function lossText(difference: number): string {
  if (difference === 0) return "as without it";
  return `${measured(Math.abs(difference))} ${difference < 0 ? "less" : "more"} than without it`;
}

const faultsOf = ({ notFinite, outOfRange, stuck }: FieldStatus) => notFinite + outOfRange + stuck;

/** The fields: where their values lie, what was wrong with them, how much each matters. */
export function drawFields({ fields, target, scores }: StatusDocument): void {
  const mostImportant = Math.max(1, ...fields.map(({ importance }) => importance ?? 0));
  const hasImportance = scores.samples > 0 && fields.some(({ importance }) => importance !== null);
  const rows = fields.map((field) => {
    const { name, isTarget, latest, mean, deviation, importance } = field;
    const faults = faultsOf(field);
    const classes = isTarget ? (target?.classes ?? null) : null;
    return [
      element("span", "", name, isTarget ? element("span", "quiet", " target") : null),
      // Numbers of classes have neither a mean nor a range.
      ...(classes === null
        ? [measured(latest), measured(mean), measured(deviation), rangeOf(field)]
        : [
            element(
              "span",
              "text",
              latest === null ? unknown : shortName(classes[latest] ?? String(latest), mostLetters),
            ),
            "",
            "",
            "",
          ]),
      faults === 0 ? "0" : element("span", "fault", count(faults)),
      ...(hasImportance
        ? [
            importance === null
              ? ""
              : meter(importance / mostImportant, `${measured(importance)} times the average`),
          ]
        : []),
    ];
  });
  const columns = [
    { title: "field" },
    { title: "now", isNumber: true },
    { title: "mean", isNumber: true, isWide: true },
    { title: "± sd", isNumber: true, isWide: true },
    { title: "least to most" },
    { title: "faults", isNumber: true },
    ...(hasImportance ? [{ title: "importance" }] : []),
  ];
  fill("fields", table(columns, rows));
}

/** A bar from the least to the most, the middle part a standard deviation to each side, with a mark at the latest. */
function rangeOf({ minimum, maximum, mean, deviation, latest, range }: FieldStatus): HTMLElement | string {
  if (minimum === null || maximum === null || mean === null || deviation === null || latest === null)
    return unknown;
  const width = maximum - minimum;
  const at = (value: number) => 100 * Math.max(0, Math.min(1, width > 0 ? (value - minimum) / width : 0.5));
  const middle = element("i");
  middle.style.left = `${at(mean - deviation)}%`;
  middle.style.width = `${at(mean + deviation) - at(mean - deviation)}%`;
  const mark = element("b");
  mark.style.left = `${at(latest)}%`;
  const bar = element("div", "span", middle, mark);
  const declared = range === null ? "" : `, allowed ${measured(range[0])} to ${measured(range[1])}`;
  const words = `${measured(minimum)} to ${measured(maximum)}`;
  bar.title = `${words}${declared}`;
  return element("div", "", bar, element("span", "quiet wide", words));
}

/** The latest lines of the log, the newest first. */
export function drawEvents({ recent, time }: StatusDocument): void {
  const today = time.slice(0, 10);
  const lines = [...recent].reverse().map((entry) => {
    const when = new Date(entry.time);
    const text = entry.time.startsWith(today)
      ? when.toLocaleTimeString([], { hourCycle: "h23" })
      : localTime(when);
    const stamp = element("time", "", text);
    stamp.setAttribute("datetime", entry.time);
    return element("li", entry.problem ? "problem" : "", stamp, entry.text);
  });
  fill("events", ...lines);
}

/** Draws the problems that the daemon reports; nothing where there is none. */
export function drawProblems({ problems, anomaly }: StatusDocument): void {
  // An anomaly has its own panel.
  const shown = problems.filter((text) => text !== anomaly?.text);
  byId("problems").hidden = shown.length === 0;
  fill("problems", ...shown.map((text) => element("li", "", withLocalTimes(text))));
}
