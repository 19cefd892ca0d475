/** Charts of lines as SVG text, for pages and files that need no script and nothing from elsewhere. */
import { safe } from "../../wording/safe.ts";

type Scale = "linear" | "log";

/** One line of a chart. */
export interface Series {
  /** What the legend calls it; one without a name is not in the legend. */
  name: string;
  points: [x: number, y: number][];
  colour?: string;
  dashed?: boolean;
  /** Dots instead of a line. */
  dotted?: boolean;
}

/** A band between two lines. */
export interface Band {
  name: string;
  points: [x: number, low: number, high: number][];
  colour: string;
}

/** Ranges of x that are known of beforehand: each tinted, under a bar. */
export interface Spans {
  name: string;
  ranges: (readonly [from: number, to: number])[];
  colour: string;
  /** The bar is an outline, so that its kind can be recognized without colours. */
  hollow?: boolean;
}

/** What a chart shows. */
export interface LineChart {
  title: string;
  xLabel: string;
  yLabel: string;
  xScale?: Scale;
  yScale?: Scale;
  series: Series[];
  /** What lies behind the lines. */
  band?: Band;
  /** Behind all else; what lies outside of the lines is cut off. */
  spans?: Spans[];
  /** Vertical lines with a label. */
  marks?: { x: number; label: string }[];
  width?: number;
  /** A legend of more than two rows adds to it. */
  height?: number;
  /** Whether the title is drawn above the chart. Default true. */
  hasTitle?: boolean;
}

/** Colours that most colour-blind people can tell apart, on a light background. */
export const colours = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#8a6d00", "#56b4e9", "#444444"];

/** Pixels of a mark's label with the gap before it, at most. */
const markWidth = (label: string) => 5 + 7.5 * label.length;

/** Pixels of the bar above a span, and of a span at least, so that a short one is seen in a long chart. */
const spanBar = 7;
const leastSpan = 4;

/** Pixels of a letter of ordinary size, at most. */
export const letterWidth = 8.2;

/** Lines with more points than this are thinned out: the difference is not visible. */
const mostPoints = 500;

/**
 * Draws lines as one self-contained SVG. A value that is not finite, or not above zero on a log scale, leaves a gap.
 */
export function lineChart(chart: LineChart): string {
  const { title, series, band, width = 800, height: asked = 460, hasTitle = true } = chart;
  const legendTop = hasTitle ? 58 : 14;
  const legend = legendRows(namedIn(chart), width - 110);
  // A long legend on a phone takes nothing from the curves.
  const height = asked + 24 * Math.max(0, legend.rows - 2);
  const marks = (chart.marks ?? []).filter(({ x }) => fits(x, chart.xScale));
  const spans = chart.spans ?? [];
  const { x, y, box } = layoutOf(chart, marks, {
    top: legendTop - 6 + legend.rows * 24 + (spans.length > 0 ? spanBar : 0),
    right: width - 24,
    bottom: height - 62,
  });
  return svg(title, width, height, [
    `<rect width="${width}" height="${height}" fill="#ffffff"/>`,
    hasTitle ? titleText(title, box.left, 32) : "",
    ...spans.map((one) => spansOf(one, x, box)),
    ...gridOf(x, y, box),
    ...frameOf(chart, box, height),
    ...marksOf(marks, x, box, width),
    ...(band === undefined ? [] : [bandOf(band, x, y)]),
    ...series.map((one, index) => lineOf(one, index, chart, x, y)),
    ...legendOf(chart, legend.places, box.left, legendTop),
  ]);
}

/** The axes, and the box between them: labels of the y axis take from its width what they need. */
function layoutOf(
  { series, band, xScale = "linear", yScale = "linear" }: LineChart,
  marks: readonly { x: number }[],
  { top, right, bottom }: Omit<Box, "left">,
): { x: Axis; y: Axis; box: Box } {
  const edges = (band?.points ?? []).flatMap(([x, low, high]): [number, number][] => [
    [x, low],
    [x, high],
  ]);
  const shown = [edges, ...series.map(({ points }) => points)]
    .flat()
    .filter(([x, y]) => fits(x, xScale) && fits(y, yScale));
  const yValues = shown.map((point) => point[1]);
  const y = createAxis(yValues, yScale, [bottom, top], mostTicks(bottom - top, 55), true);
  const widest = Math.max(...y.ticks.map((tick) => tickText(tick).length));
  const left = Math.round(44 + letterWidth * widest);
  const xValues = [...shown.map((point) => point[0]), ...marks.map((mark) => mark.x)];
  const x = createAxis(xValues, xScale, [left, right], mostTicks(right - left, 90), false);
  return { x, y, box: { left, top, right, bottom } };
}

const mostTicks = (pixels: number, pixelsEach: number) => Math.max(2, Math.floor(pixels / pixelsEach));

/** The title above a chart. */
export const titleText = (title: string, left: number, baseline: number) =>
  `<text x="${left}" y="${baseline}" font-size="20" font-weight="600">${escapeText(title)}</text>`;

/** The two axes as lines, with their labels. */
function frameOf({ xLabel, yLabel }: LineChart, box: Box, height: number): string[] {
  const { left, top, right, bottom } = box;
  return [
    `<path d="M${left} ${top}V${bottom}H${right}" fill="none" stroke="#555555"/>`,
    `<text x="${(left + right) / 2}" y="${height - 16}" text-anchor="middle">${escapeText(xLabel)}</text>`,
    `<text transform="translate(22 ${(top + bottom) / 2}) rotate(-90)" text-anchor="middle">${escapeText(yLabel)}</text>`,
  ];
}

/** What the legend names, in this order. */
const namedIn = ({ series, band, spans = [] }: LineChart): { name: string }[] => [
  ...series,
  ...(band === undefined ? [] : [band]),
  ...spans,
];

/** The names of lines, band and spans, each after a piece of it. */
function legendOf(
  chart: LineChart,
  places: ReturnType<typeof legendRows>["places"],
  left: number,
  top: number,
): string[] {
  const { series, band, spans = [] } = chart;
  const before = series.length + (band === undefined ? 0 : 1);
  return namedIn(chart).flatMap(({ name }, index) => {
    if (name === "") return [];
    const { at, row } = places[index];
    const rowTop = top + row * 24;
    const [from, to] = [left + at, left + at + 26];
    const text = `<text x="${to + 7}" y="${rowTop}" dy="0.35em">${escapeText(name)}</text>`;
    if (index >= before) {
      const corner = `${from} ${rowTop - 6}`;
      return [
        spanParts(spans[index - before], `M${corner}h26v12h-26z`, `M${corner}h26v${spanBar}h-26z`),
        text,
      ];
    }
    const isDot = index < series.length && series[index].dotted === true;
    const line = isDot ? `M${(from + to) / 2} ${rowTop}h0` : `M${from} ${rowTop}H${to}`;
    const stroke =
      index < series.length
        ? strokeOf(series[index], index)
        : `stroke="${band?.colour}" stroke-width="12" stroke-opacity="0.35"`;
    return [`<path d="${line}" ${stroke}/>`, text];
  });
}

function strokeOf({ colour, dashed, dotted }: Series, index: number): string {
  const stroke = `stroke="${escapeText(colour ?? colours[index % colours.length])}"`;
  if (dotted) return `${stroke} stroke-width="5" stroke-opacity="0.6" stroke-linecap="round"`;
  return `${stroke} stroke-width="2.5"${dashed ? ' stroke-dasharray="8 5"' : ' stroke-linecap="round"'}`;
}

/** A band as one area, which leaves out what is not finite. */
function bandOf({ points, colour }: Band, x: Axis, y: Axis): string {
  const finite = points.filter((point) => point.every(Number.isFinite));
  if (finite.length === 0) return "";
  const corner = (at: number, value: number) => `${fixed(x.place(at))} ${fixed(y.place(value))}`;
  const upper = finite.map(([at, , high]) => corner(at, high));
  const lower = finite.map(([at, low]) => corner(at, low)).reverse();
  return `<path d="M${[...upper, ...lower].join("L")}Z" fill="${colour}" fill-opacity="0.35"/>`;
}

/** Ranges as tinted areas under bars; those that lie closer than a pixel become one. */
function spansOf(spans: Spans, x: Axis, { left, top, right, bottom }: Box): string {
  const drawn: [from: number, to: number][] = [];
  for (const [low, high] of [...spans.ranges].sort((a, b) => a[0] - b[0])) {
    if (x.place(high) < left || x.place(low) > right) continue;
    const [begin, end] = [Math.max(left, x.place(low)), Math.min(right, x.place(high))];
    const from = Math.min(begin, Math.max(left, (begin + end - leastSpan) / 2));
    const to = Math.max(end, from + leastSpan);
    const before = drawn.at(-1);
    if (before !== undefined && from - before[1] < 1) before[1] = Math.max(before[1], to);
    else drawn.push([from, to]);
  }
  if (drawn.length === 0) return "";
  const areas = (from: number, height: number) =>
    drawn.map(([a, b]) => `M${fixed(a)} ${from}H${fixed(b)}v${height}H${fixed(a)}z`).join("");
  return spanParts(spans, areas(top, bottom - top), areas(top - spanBar, spanBar));
}

const spanParts = ({ colour, hollow }: Spans, areas: string, bars: string) =>
  `<path d="${areas}" fill="${colour}" fill-opacity="0.2"/><path d="${bars}" fill="${hollow ? "none" : colour}" stroke="${colour}" stroke-width="1.5"/>`;

/** Where a chart draws its values, in pixels. */
export interface Box {
  left: number;
  top: number;
  right: number;
  bottom: number;
}

function gridOf(x: Axis, y: Axis, box: Box): string[] {
  const parts: string[] = [];
  for (const tick of x.ticks) {
    const at = fixed(x.place(tick));
    parts.push(
      `<line x1="${at}" y1="${box.top}" x2="${at}" y2="${box.bottom}" stroke="#e6e6e6"/>`,
      `<text x="${at}" y="${box.bottom + 22}" text-anchor="middle">${tickText(tick)}</text>`,
    );
  }
  for (const tick of y.ticks) {
    const at = fixed(y.place(tick));
    parts.push(
      `<line x1="${box.left}" y1="${at}" x2="${box.right}" y2="${at}" stroke="#e6e6e6"/>`,
      `<text x="${box.left - 8}" y="${at}" dy="0.35em" text-anchor="end">${tickText(tick)}</text>`,
    );
  }
  return parts;
}

/** Rows of labels below each other. */
const labelRows = 3;

/** Vertical lines; a label that would stand on another goes below it, and where there is no room the line stands alone. */
function marksOf(marks: readonly { x: number; label: string }[], x: Axis, box: Box, width: number): string[] {
  /** Where each row is free from. */
  const free = new Array<number>(labelRows).fill(Number.NEGATIVE_INFINITY);
  return [...marks]
    .sort((a, b) => a.x - b.x)
    .flatMap(({ x: value, label }) => {
      const place = x.place(value);
      const at = fixed(place);
      const line = `<line x1="${at}" y1="${box.top}" x2="${at}" y2="${box.bottom}" stroke="#888888" stroke-dasharray="3 4"/>`;
      // Where it would leave the picture, the label stands on the other side of its line.
      const isLeft = place + markWidth(label) > width;
      const start = isLeft ? place - markWidth(label) : place;
      const row = free.findIndex((from) => start >= from);
      if (label === "" || row < 0) return [line];
      free[row] = start + markWidth(label);
      const side = isLeft ? 'dx="-5" text-anchor="end"' : 'dx="5"';
      return [
        line,
        `<text x="${at}" y="${box.top + 14 + 16 * row}" ${side} font-size="13" fill="#555555">${escapeText(label)}</text>`,
      ];
    });
}

/** An SVG document of parts, of which empty ones are left out, in the type that all figures share. */
export function svg(title: string, width: number, height: number, parts: string[]): string {
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-label="${escapeText(title)}" font-family="system-ui, -apple-system, 'Segoe UI', sans-serif" font-size="15" fill="#222222">`,
    ...parts.filter((part) => part !== ""),
    "</svg>",
  ].join("\n");
}

/** Makes text safe for SVG and HTML, also within quotes. */
export function escapeText(text: string): string {
  return safe(text)
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;")
    .replaceAll("'", "&#39;");
}

const fits = (value: number, scale: Scale = "linear") =>
  Number.isFinite(value) && (scale === "linear" || value > 0);

/** A coordinate as it is written, to a tenth of a pixel. */
export const fixed = (value: number) => String(Math.round(value * 10) / 10);

interface Axis {
  ticks: number[];
  place(value: number): number;
}

function createAxis(
  values: number[],
  scale: Scale,
  [from, to]: [number, number],
  most: number,
  wide: boolean,
): Axis {
  let low = values.reduce((least, value) => Math.min(least, value), Number.POSITIVE_INFINITY);
  let high = values.reduce((greatest, value) => Math.max(greatest, value), Number.NEGATIVE_INFINITY);
  if (values.length === 0) [low, high] = scale === "log" ? [1, 10] : [0, 1];
  if (scale === "log") {
    if (low === high) [low, high] = [low / 2, high * 2];
    if (wide) [low, high] = [low * (low / high) ** 0.04, high * (high / low) ** 0.04];
    const span = Math.log(high / low);
    return {
      ticks: logTicks(low, high, most),
      place: (value) => from + (Math.log(value / low) / span) * (to - from),
    };
  }
  if (low === high) [low, high] = [low - (Math.abs(low) / 2 || 1), high + (Math.abs(high) / 2 || 1)];
  const step = niceStep((high - low) / most);
  if (wide) [low, high] = [Math.floor(low / step) * step, Math.ceil(high / step) * step];
  const ticks: number[] = [];
  const last = Math.floor(high / step + 1e-9);
  for (let count = Math.ceil(low / step - 1e-9); count <= last; count++) ticks.push(count * step);
  return { ticks, place: (value) => from + ((value - low) / (high - low)) * (to - from) };
}

/** The least of 1, 2 and 5 times a power of ten that is not below `step`. */
function niceStep(step: number): number {
  const power = 10 ** Math.floor(Math.log10(step));
  return ([1, 2, 5].find((factor) => factor * power >= step * (1 - 1e-9)) ?? 10) * power;
}

/** Powers of ten, with their doubles and fivefolds where there is room; else even steps over a short span. */
function logTicks(low: number, high: number, most: number): number[] {
  const first = Math.floor(Math.log10(low));
  const last = Math.ceil(Math.log10(high));
  const ticksOf = (factors: number[], every: number) => {
    const ticks: number[] = [];
    for (let power = first; power <= last; power++) {
      if (power % every !== 0) continue;
      for (const factor of factors) {
        const tick = factor * 10 ** power;
        if (tick >= low * (1 - 1e-9) && tick <= high * (1 + 1e-9)) ticks.push(tick);
      }
    }
    return ticks;
  };
  const dense = ticksOf([1, 2, 5], 1);
  if (dense.length <= most) {
    if (dense.length >= 2) return dense;
    const step = niceStep((high - low) / most);
    const even: number[] = [];
    for (let count = Math.ceil(low / step); count * step <= high; count++) even.push(count * step);
    return even.filter((tick) => tick > 0);
  }
  return ticksOf([1], Math.ceil((last - first) / most));
}

function tickText(tick: number): string {
  const value = Number(tick.toPrecision(6));
  const size = Math.abs(value);
  if (value !== 0 && (size >= 1e6 || size < 1e-3)) return value.toExponential().replace("e+", "e");
  return String(value);
}

/** The points that are drawn of many: evenly chosen, with the last one. */
function thinned(points: [number, number][]): [number, number][] {
  if (points.length <= mostPoints) return points;
  return Array.from(
    { length: mostPoints },
    (_, index) => points[Math.round((index * (points.length - 1)) / (mostPoints - 1))],
  );
}

/** One series as a path; empty where none of its points can be drawn. */
function lineOf(
  series: Series,
  index: number,
  { xScale, yScale }: LineChart,
  xAxis: Axis,
  yAxis: Axis,
): string {
  let path = "";
  let isJoined = false;
  for (const [x, y] of thinned(series.points)) {
    const isDrawn = fits(x, xScale) && fits(y, yScale);
    if (isDrawn) {
      const place = `${fixed(xAxis.place(x))} ${fixed(yAxis.place(y))}`;
      path += series.dotted ? `M${place}h0` : `${isJoined ? "L" : "M"}${place}`;
    }
    isJoined = isDrawn;
  }
  if (path === "") return "";
  return `<path d="${path}" fill="none" ${strokeOf(series, index)} stroke-linejoin="round"/>`;
}

/** The place of each name of the legend, broken into rows of a width. */
function legendRows(series: { name: string }[], width: number) {
  let row = 0;
  let at = 0;
  const places = series.map(({ name }) => {
    if (name === "") return { at, row };
    const wide = 58 + name.length * letterWidth;
    if (at > 0 && at + wide > width) {
      row++;
      at = 0;
    }
    const place = { at: Math.round(at), row };
    at += wide;
    return place;
  });
  return { places, rows: series.length === 0 ? 0 : row + 1 };
}
