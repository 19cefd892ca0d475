/** The course of the scores as curves, with a line where predictions became worse and where something happened. */
import uPlot from "uplot";
import type { RecentEvent } from "../status/document.ts";
import type { HistoryColumns } from "../status/history.ts";
import { formatDuration } from "../wording/quantities.ts";
import { isolated, timesShown } from "./curves.ts";
import { byId, element } from "./elements.ts";
import { localTime, measured, percent } from "./numbers.ts";

export type View = "score" | "loss";

export interface Shown {
  history: HistoryColumns;
  /** Seconds that are shown; null: all there are. */
  seconds: number | null;
  view: View;
  /** Whether classes are predicted: then the score is an accuracy. */
  ofClasses: boolean;
  events: readonly RecentEvent[];
}

type Curve = { name: string; values: (number | null)[] };

const height = () => (window.innerWidth < 600 ? 220 : 280);
/** Steps are joined until each has at least this many pixels. */
const pixelsPerPoint = 6;
/** Beyond this, small losses can be distinguished only on a logarithmic scale. */
const manyTimes = 20;
/** Events that are worth a line. */
const marked = /^(drift|pause|label|port-waiting|source-waiting|resume|begin|checkpoint-fails)$/;

const color = (name: string) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

/** Joins neighbouring steps, each weighing as many samples as it has. */
function joined(history: HistoryColumns, from: number, size: number) {
  const groups: number[][] = [];
  for (let i = from; i < history.time.length; i += size) {
    groups.push(Array.from({ length: Math.min(size, history.time.length - i) }, (_, k) => i + k));
  }
  const mean = (values: (number | null)[]) =>
    groups.map((group) => {
      let sum = 0;
      let weight = 0;
      for (const i of group) {
        const value = values[i];
        if (value === null) continue;
        sum += value * history.samples[i];
        weight += history.samples[i];
      }
      return weight > 0 ? sum / weight : null;
    });
  const time = groups.map((group) => history.time[group[group.length - 1]]);
  const drifts = history.time.filter((_, i) => i >= from && history.drifts[i] > 0);
  return { time, mean, drifts };
}

function curvesOf(
  { history, view, ofClasses }: Shown,
  mean: (values: (number | null)[]) => (number | null)[],
) {
  const rules = {
    baseline: ofClasses ? "most frequent class" : "mean",
    last: ofClasses ? "last label" : "last value",
  };
  const curves: Curve[] =
    view === "loss"
      ? [
          { name: "learned", values: history.loss },
          ...history.baselines.map(({ name, loss }) => ({ name, values: loss })),
        ]
      : [
          { name: "learned", values: history.score },
          { name: rules.baseline, values: history.baseline },
          { name: rules.last, values: history.lastTarget },
          ...(ofClasses
            ? []
            : history.baselines
                .filter(({ name }) => name !== "mean" && name !== "last value")
                .map(({ name, loss }) => ({ name, values: loss }))),
        ];
  return curves
    .map(({ name, values }) => ({ name, values: mean(values) }))
    .filter(({ values }) => values.some((value) => value !== null));
}

/** Draws vertical lines: red where predictions became worse, dotted where something else happened. */
function drawMarks(plot: uPlot, drifts: readonly number[], events: readonly number[]): void {
  const { ctx, bbox } = plot;
  const line = (time: number, stroke: string, dash: number[]) => {
    const x = Math.round(plot.valToPos(time, "x", true));
    if (x < bbox.left || x > bbox.left + bbox.width) return;
    ctx.strokeStyle = stroke;
    ctx.lineWidth = devicePixelRatio;
    ctx.setLineDash(dash);
    ctx.beginPath();
    ctx.moveTo(x, bbox.top);
    ctx.lineTo(x, bbox.top + bbox.height);
    ctx.stroke();
  };
  ctx.save();
  for (const time of events) line(time, color("--curve-2"), [2, 4]);
  for (const time of drifts) line(time, color("--drift"), []);
  ctx.restore();
}

/** Accuracies from 0 to 1; losses from 0, or over powers of ten where one is many times another. */
function scaleOf({ view, ofClasses }: Shown, curves: readonly Curve[]): uPlot.Scale {
  if (view === "score" && ofClasses) return { range: [0, 1] };
  const values = curves.flatMap((curve) => curve.values.filter((value) => value !== null));
  const [low, high] = [Math.min(...values), Math.max(...values)];
  if (low > 0 && high / low > manyTimes) return { distr: 3 };
  return { range: [Math.min(0, low), 1.05 * (high || 1)] };
}

function timeText(seconds: number, increment: number): string {
  const date = new Date(1000 * seconds);
  if (increment >= 86_400) return date.toLocaleDateString([], { day: "numeric", month: "short" });
  const second = increment < 60 ? ("2-digit" as const) : undefined;
  return date.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit", second, hourCycle: "h23" });
}

/** A chart in the element `chart`, with its legend. */
export function createChart() {
  let plot: uPlot | null = null;
  let shown: Shown | null = null;
  let widthShown = 0;

  function draw(next: Shown): void {
    shown = next;
    const host = byId("chart");
    const { history, seconds, view, ofClasses } = next;
    // It has a width only while it is shown.
    host.hidden = false;
    const width = host.clientWidth;
    widthShown = width;
    const from = firstShown(history.time, seconds);
    const size = Math.max(1, Math.ceil(((history.time.length - from) * pixelsPerPoint) / Math.max(1, width)));
    const { time, mean, drifts } = joined(history, from, size);
    const curves = curvesOf(next, mean);
    const isEmpty = time.length === 0 || curves.length === 0;
    byId("chart-empty").hidden = !isEmpty;
    host.hidden = isEmpty;
    plot?.destroy();
    plot = null;
    if (isEmpty) return;
    const format = view === "score" && ofClasses ? percent : measured;
    const stepShown = size * history.step;
    const showLegend = (at: number | null) => writeLegend(curves, time, at, format, drifts.length, stepShown);
    const events = eventTimes(next);
    const options: uPlot.Options = {
      ...plainLook,
      width,
      height: height(),
      scales: {
        x: { range: (_, low, high) => timesShown(low, high, time, history.step) },
        y: scaleOf(next, curves),
      },
      axes: axesOf(format),
      series: [{}, ...curves.map(seriesOf)],
      hooks: {
        draw: [(self) => drawMarks(self, drifts, events)],
        setCursor: [(self) => showLegend(self.cursor.idx ?? null)],
      },
    };
    plot = new uPlot(options, [time, ...curves.map(({ values }) => values)] as uPlot.AlignedData, host);
    showLegend(null);
  }

  const redraw = () => shown && draw(shown);
  new ResizeObserver(() => {
    const { clientWidth } = byId("chart");
    if (clientWidth > 0 && clientWidth !== widthShown) redraw();
  }).observe(byId("chart"));
  window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);
  return { draw };
}

/** The index of the first point that is shown: all, or those of the last `seconds`. */
function firstShown(time: readonly number[], seconds: number | null): number {
  if (seconds === null) return 0;
  const end = time[time.length - 1] ?? 0;
  return Math.max(
    0,
    time.findIndex((at) => at > end - seconds),
  );
}

/** What is the same in all charts. */
const plainLook = {
  // Room for half of the last time.
  padding: [null, 28, null, null],
  legend: { show: false },
  cursor: { y: false },
} satisfies Partial<uPlot.Options>;

type Format = (value: number | null | undefined) => string;

function axesOf(format: Format): uPlot.Axis[] {
  const whole = (value: number) => `${Math.round(100 * value)} %`;
  return [
    {
      stroke: color("--quiet"),
      grid: { stroke: color("--line"), width: 1 },
      ticks: { stroke: color("--line") },
      space: 70,
      values: (_, splits, __, ___, increment) => splits.map((split) => timeText(split, increment)),
    },
    {
      stroke: color("--quiet"),
      grid: { stroke: color("--line"), width: 1 },
      ticks: { show: false },
      size: 62,
      values: (_, values) =>
        values.map((value) => {
          if (value === null) return "";
          return format === percent ? whole(value) : measured(value);
        }),
    },
  ];
}

const seriesOf = ({ name, values }: Curve, index: number): uPlot.Series => ({
  label: name,
  stroke: color(`--curve-${1 + (index % 5)}`),
  width: index === 0 ? 2.5 : 1.5,
  dash: index === 0 ? [] : [6, 4],
  points: { show: true, size: 6, filter: () => isolated(values) },
});

/** When the marked events were, in seconds; drifts have marks of their own. */
const eventTimes = ({ events }: Shown): number[] =>
  events
    .filter(({ event }) => marked.test(event) && event !== "drift")
    .map((event) => Date.parse(event.time) / 1000);

const stepText = (seconds: number) =>
  seconds >= 86_400 ? `${seconds / 86_400} d` : formatDuration(1000 * seconds);

function writeLegend(
  curves: readonly Curve[],
  time: readonly number[],
  index: number | null,
  format: Format,
  drifts: number,
  step: number,
): void {
  // Steps without a score, such as those of a pause, are not the latest word.
  const latest = time.findLastIndex((_, step) => curves.some(({ values }) => values[step] !== null));
  const at = index ?? latest;
  const items = curves.map(({ name, values }, curve) => {
    const line = element("i");
    line.style.background = `var(--curve-${1 + (curve % 5)})`;
    return element("li", "", line, `${name} `, element("span", "value", format(values[at])));
  });
  const when = localTime(new Date(1000 * time[at]));
  items.push(element("li", "quiet", `${stepText(step)} up to ${when}`));
  if (drifts > 0) {
    const line = element("i");
    line.style.background = "var(--drift)";
    items.push(
      element(
        "li",
        "",
        line,
        drifts === 1 ? "predictions became worse" : `predictions became worse, ${drifts} times`,
      ),
    );
  }
  byId("legend").replaceChildren(...items);
}
