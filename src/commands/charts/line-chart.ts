import { framedChart, round, text } from "./frame.ts";
import { createScale, type Scale, type ScaleKind } from "./scale.ts";

export interface Series {
  name: string;
  /** [x, y] pairs in the order of x. A pair that is not finite, or has no place on a log scale, leaves a gap. */
  points: readonly (readonly [x: number, y: number])[];
  dashed?: boolean;
  /** Any CSS colour. Default: the next of the palette. */
  colour?: string;
}

export interface LineChartOptions {
  title: string;
  /** With their units: "training time (s)". */
  xLabel: string;
  yLabel: string;
  xScale?: ScaleKind;
  yScale?: ScaleKind;
  /** The least and greatest y that are shown; curves leave the drawing beyond. Default: those of all points. */
  yRange?: readonly [low: number, high: number];
  series: readonly Series[];
  /** Vertical lines with a word, such as the moment of a drift. */
  marks?: readonly { x: number; label: string }[];
  /** In pixels. Default 960 x 560. */
  width?: number;
  height?: number;
}

/** Told apart by most colour-blind people too, and dark enough for a projector in a light room. */
export const palette = [
  "#0b6fb8",
  "#d9480f",
  "#2b8a3e",
  "#9c36b5",
  "#b7791f",
  "#0c8599",
  "#c2255c",
  "#495057",
];

/** Columns of the drawing, each of which a series fills with two points at most. */
const columns = 300;

/**
 * Lines over two axes as one SVG document that stands by itself: on a light background, large enough to project.
 * A series of more than some 600 points is thinned to the lowest and highest of each column, so peaks stay.
 */
export function lineChart(options: LineChartOptions): string {
  const { title, xLabel, yLabel, xScale = "linear", yScale = "linear", series, marks = [] } = options;
  const { width = 960, height = 560 } = options;
  const drawable = series.map(({ points }) => points.filter(([x, y]) => fits(x, xScale) && fits(y, yScale)));
  const all = drawable.flat();
  const xs = [...all.map(([x]) => x), ...marks.map(({ x }) => x)];
  const x = createScale(xScale, xs, Math.max(2, Math.min(8, Math.floor(width / 110))), false);
  const y = createScale(
    yScale,
    options.yRange ?? all.map((point) => point[1]),
    Math.max(2, Math.min(7, Math.floor(height / 75))),
  );
  const colours = series.map(({ colour }, index) => colour ?? palette[index % palette.length]);
  const legend = series.map(({ name, dashed }, index) => ({ name, dashed, colour: colours[index] }));
  return framedChart({ title, xLabel, yLabel, x, y, legend, width, height, grid: true }, (area) => {
    if (all.length === 0) {
      return text(area.width / 2, area.height / 2, "no finite value to draw", `text-anchor="middle"`);
    }
    const lines = series.map(({ points, dashed }, index) => {
      const dash = dashed ? ` stroke-dasharray="9 6"` : "";
      const path = pathOf(points, x, y, area.width, area.height);
      return `<path d="${path}" fill="none" stroke="${colours[index]}" stroke-width="2.6" stroke-linecap="round" stroke-linejoin="round"${dash}/>`;
    });
    return [...lines, ...marks.map((mark, index) => drawMark(mark, index, x, area))].join("\n");
  });
}

const fits = (value: number, kind: ScaleKind) => Number.isFinite(value) && (kind === "linear" || value > 0);

function drawMark(
  { x, label }: { x: number; label: string },
  index: number,
  scale: Scale,
  { width, height }: { width: number; height: number },
): string {
  const at = round(scale.place(x) * width);
  if (!Number.isFinite(at)) return "";
  // Neighbours take turns in height, so that their words do not meet.
  const y = 24 + 24 * (index % 3);
  const side = at > width * 0.7 ? `text-anchor="end"` : "";
  return `<path d="M${at} 0V${height}" stroke="#5f6675" stroke-width="1.6" stroke-dasharray="3 4" fill="none"/>${text(at + (side ? -8 : 8), y, label, `${side} paint-order="stroke" stroke="#ffffff" stroke-width="5"`)}`;
}

/** The `d` of a path, thinned, with a new beginning behind every gap. */
function pathOf(points: Series["points"], x: Scale, y: Scale, width: number, height: number): string {
  const path: string[] = [];
  let pen = "M";
  const put = (at: [number, number]) => {
    // A lone point is a line to itself, which its round ends make a dot.
    path.push(`${pen}${round(at[0])} ${round(at[1])}${pen === "M" ? "h0" : ""}`);
    pen = "L";
  };
  /** Lowest and highest point of the column under way, and where the latest stands. */
  let column = -1;
  let kept: [number, number][] = [];
  const flush = () => {
    if (kept.length <= 2) kept.forEach(put);
    else {
      let [low, high] = [0, 0];
      for (let i = 1; i < kept.length; i++) {
        if (kept[i][1] < kept[low][1]) low = i;
        if (kept[i][1] > kept[high][1]) high = i;
      }
      for (const index of new Set([Math.min(low, high), Math.max(low, high)])) put(kept[index]);
    }
    kept = [];
  };
  const thinned = points.length > 2 * columns;
  for (const [pointX, pointY] of points) {
    const [atX, atY] = [x.place(pointX) * width, (1 - y.place(pointY)) * height];
    if (!Number.isFinite(atX) || !Number.isFinite(atY)) {
      flush();
      pen = "M";
      continue;
    }
    const here = thinned ? Math.min(columns - 1, Math.floor((atX / width) * columns)) : column - 1;
    if (here !== column) flush();
    column = here;
    kept.push([atX, Math.max(-1e5, Math.min(1e5, atY))]);
  }
  flush();
  return path.join("");
}
