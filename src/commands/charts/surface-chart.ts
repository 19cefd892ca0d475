/** A surface seen from above, with paths over it, as SVG text. */
import type { LossSurface } from "../../training/surface.ts";
import { type Box, escapeText, fixed, letterWidth, svg, titleText } from "./line-chart.ts";
import type { Size } from "./page.ts";

/** A path over the surface, in the plane's coordinates. */
export interface Path {
  name: string;
  colour: string;
  points: [number, number][];
}

/** From the plane's coordinates to pixels. */
interface Place {
  x(a: number): number;
  y(b: number): number;
}

/** Logarithms of the least and the greatest loss. */
interface Range {
  low: number;
  high: number;
}

/** Pixels of the scale of shades beside the surface. */
const scaleWidth = 112;
/** From the least loss to the greatest, light enough for the paths to stand out. */
const shades = [
  [78, 140, 160],
  [150, 199, 190],
  [226, 229, 186],
  [252, 236, 205],
  [255, 248, 238],
];
/** Few enough for the edges between them to read as contour lines. */
const levels = 14;

/** Draws paths over the loss, whose colours follow its logarithm. */
export function surfaceChart(
  title: string,
  surface: LossSurface,
  paths: Path[],
  { width, height, hasTitle }: Size,
): string {
  const legend = legendOf(paths, 50, hasTitle ? 66 : 16, width);
  const box = { left: 50, top: legend.bottom + 14, right: width - scaleWidth, bottom: height - 64 };
  const range = rangeOf(surface.losses);
  const place = placeIn(surface, box);
  return svg(title, width, height, [
    `<rect width="${width}" height="${height}" fill="#ffffff"/>`,
    hasTitle ? titleText(title, box.left, 34) : "",
    ...legend.parts,
    ...cellsOf(surface, range, box),
    ...paths.flatMap((path) => pathOf(path, place)),
    ...startOf(paths[0].points[0], place),
    ...labelsOf(surface, box, width, height),
    ...scaleOfShades(range, box),
    `<rect x="${box.left}" y="${box.top}" width="${box.right - box.left}" height="${box.bottom - box.top}" fill="none" stroke="#555555"/>`,
  ]);
}

function rangeOf(losses: LossSurface["losses"]): Range {
  const usable = losses.filter((loss) => Number.isFinite(loss) && loss > 0);
  if (usable.length === 0) return { low: 0, high: 1 };
  return {
    low: Math.log(usable.reduce((a, b) => Math.min(a, b))),
    high: Math.log(usable.reduce((a, b) => Math.max(a, b))),
  };
}

function placeIn({ extent: [fromA, toA, fromB, toB] }: LossSurface, box: Box): Place {
  return {
    x: (a) => box.left + ((a - fromA) / (toA - fromA)) * (box.right - box.left),
    y: (b) => box.bottom - ((b - fromB) / (toB - fromB)) * (box.bottom - box.top),
  };
}

/** The surface as a grid of rectangles, each in the colour of its loss. */
function cellsOf({ side, losses }: LossSurface, range: Range, box: Box): string[] {
  const width = (box.right - box.left) / side;
  const height = (box.bottom - box.top) / side;
  const cells: string[] = [];
  for (let row = 0; row < side; row++) {
    for (let column = 0; column < side; column++) {
      const left = box.left + column * width;
      const top = box.bottom - (row + 1) * height;
      cells.push(
        `<rect x="${fixed(left)}" y="${fixed(top)}" width="${fixed(width + 0.3)}" height="${fixed(height + 0.3)}" fill="${colourOf(losses[row * side + column], range)}"/>`,
      );
    }
  }
  return ['<g shape-rendering="crispEdges">', ...cells, "</g>"];
}

function colourOf(loss: number, { low, high }: Range): string {
  // Zero is the lowest possible loss, but has no logarithm.
  if (loss === 0) return shade(0);
  if (!Number.isFinite(loss)) return "#d0d0d0";
  const level = Math.floor(((Math.log(loss) - low) / (high - low || 1)) * levels);
  return shade(Math.min(levels - 1, level));
}

/** A path with a dot at each of its points, and a larger one at its end. */
function pathOf({ colour, points }: Path, { x, y }: Place): string[] {
  const line = points.map(([a, b]) => `${fixed(x(a))},${fixed(y(b))}`).join(" ");
  const end = points[points.length - 1];
  return [
    `<polyline points="${line}" fill="none" stroke="#ffffff" stroke-opacity="0.7" stroke-width="5" stroke-linejoin="round"/>`,
    `<polyline points="${line}" fill="none" stroke="${colour}" stroke-width="2.2" stroke-linejoin="round"/>`,
    ...points.map(([a, b]) => `<circle cx="${fixed(x(a))}" cy="${fixed(y(b))}" r="2.6" fill="${colour}"/>`),
    `<circle cx="${fixed(x(end[0]))}" cy="${fixed(y(end[1]))}" r="9" fill="${colour}" stroke="#ffffff" stroke-width="2.5"/>`,
  ];
}

/** The point at which all paths start. */
function startOf([a, b]: [number, number], place: Place): string[] {
  const [x, y] = [place.x(a), place.y(b)];
  return [
    `<rect x="${fixed(x - 8)}" y="${fixed(y - 8)}" width="16" height="16" fill="#222222" stroke="#ffffff" stroke-width="2.5"/>`,
    `<text x="${fixed(x)}" y="${fixed(y + 28)}" text-anchor="middle" font-weight="600" fill="#222222" stroke="#ffffff" stroke-width="4" paint-order="stroke">start</text>`,
  ];
}

/** What the two axes are, with the range of each. */
function labelsOf(
  { extent: [fromA, toA, fromB, toB] }: LossSurface,
  box: Box,
  width: number,
  height: number,
): string[] {
  const first = width > 600 ? "direction in which the weights moved most" : "moved most";
  return [
    `<text x="${(box.left + box.right) / 2}" y="${height - 30}" text-anchor="middle">${first} (${tick(fromA)} to ${tick(toA)})</text>`,
    `<text transform="translate(30 ${(box.top + box.bottom) / 2}) rotate(-90)" text-anchor="middle">second most (${tick(fromB)} to ${tick(toB)})</text>`,
  ];
}

/** The names of the paths beside their colours, in as many rows as they take. */
function legendOf(paths: Path[], left: number, top: number, width: number) {
  const parts: string[] = [];
  let [at, y] = [left, top];
  for (const { name, colour } of paths) {
    const wide = 54 + name.length * letterWidth;
    if (at > left && at + wide > width) [at, y] = [left, y + 26];
    parts.push(
      `<circle cx="${at + 9}" cy="${y}" r="9" fill="${colour}"/>`,
      `<text x="${at + 26}" y="${y}" dy="0.35em">${escapeText(name)}</text>`,
    );
    at += wide;
  }
  return { parts, bottom: y + 9 };
}

function scaleOfShades({ low, high }: Range, box: Box): string[] {
  const left = box.right + 14;
  const step = (box.bottom - box.top) / levels;
  const parts = [`<text x="${left}" y="${box.top - 8}">loss</text>`];
  for (let index = 0; index < levels; index++) {
    const top = box.bottom - (index + 1) * step;
    parts.push(
      `<rect x="${left}" y="${fixed(top)}" width="30" height="${fixed(step + 0.3)}" fill="${shade(index)}"/>`,
    );
  }
  for (let mark = 0; mark <= 4; mark++) {
    const value = Math.exp(low + (mark / 4) * (high - low));
    const at = box.bottom - (mark / 4) * (box.bottom - box.top);
    parts.push(`<text x="${left + 38}" y="${fixed(at)}" dy="0.35em">${tick(value)}</text>`);
  }
  return parts;
}

function shade(level: number): string {
  const at = (level / (levels - 1)) * (shades.length - 1);
  const index = Math.min(shades.length - 2, Math.floor(at));
  const mixed = shades[index].map((from, channel) =>
    Math.round(from + (at - index) * (shades[index + 1][channel] - from)),
  );
  return `rgb(${mixed.join(",")})`;
}

const tick = (value: number) => String(Number(value.toPrecision(3)));
