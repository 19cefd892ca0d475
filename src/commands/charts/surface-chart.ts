/** A surface seen from above, with paths over it, as SVG text. */
import type { LossSurface } from "../../training/surface.ts";
import { escapeText, fixed, letterWidth, svg } from "./line-chart.ts";
import type { Size } from "./page.ts";

/** A path over the surface, in the plane's coordinates. */
export interface Path {
  name: string;
  colour: string;
  points: [number, number][];
}

/** Where the surface stands in the drawing. */
interface Box {
  left: number;
  top: number;
  right: number;
  bottom: number;
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
  const { side, losses } = surface;
  const top = hasTitle ? 66 : 16;
  const legend = legendOf(paths, 50, top, width);
  const box = { left: 50, top: legend.bottom + 14, right: width - scaleWidth, bottom: height - 64 };
  const [fromA, toA, fromB, toB] = surface.extent;
  const x = (a: number) => box.left + ((a - fromA) / (toA - fromA)) * (box.right - box.left);
  const y = (b: number) => box.bottom - ((b - fromB) / (toB - fromB)) * (box.bottom - box.top);
  const usable = losses.filter((loss) => Number.isFinite(loss) && loss > 0);
  const low = usable.length > 0 ? Math.log(usable.reduce((a, b) => Math.min(a, b))) : 0;
  const high = usable.length > 0 ? Math.log(usable.reduce((a, b) => Math.max(a, b))) : 1;
  const level = (loss: number) =>
    Math.min(levels - 1, Math.floor(((Math.log(loss) - low) / (high - low || 1)) * levels));
  const parts = [
    `<rect width="${width}" height="${height}" fill="#ffffff"/>`,
    hasTitle
      ? `<text x="${box.left}" y="34" font-size="20" font-weight="600">${escapeText(title)}</text>`
      : "",
    ...legend.parts,
  ];

  const cellWidth = (box.right - box.left) / side;
  const cellHeight = (box.bottom - box.top) / side;
  parts.push('<g shape-rendering="crispEdges">');
  for (let row = 0; row < side; row++) {
    for (let column = 0; column < side; column++) {
      const loss = losses[row * side + column];
      // Zero is the lowest possible loss, but has no logarithm.
      const fill = loss === 0 ? shade(0) : Number.isFinite(loss) ? shade(level(loss)) : "#d0d0d0";
      const left = box.left + column * cellWidth;
      const top = box.bottom - (row + 1) * cellHeight;
      parts.push(
        `<rect x="${fixed(left)}" y="${fixed(top)}" width="${fixed(cellWidth + 0.3)}" height="${fixed(cellHeight + 0.3)}" fill="${fill}"/>`,
      );
    }
  }
  parts.push("</g>");

  for (const { colour, points } of paths) {
    const line = points.map(([a, b]) => `${fixed(x(a))},${fixed(y(b))}`).join(" ");
    const end = points[points.length - 1];
    parts.push(
      `<polyline points="${line}" fill="none" stroke="#ffffff" stroke-opacity="0.7" stroke-width="5" stroke-linejoin="round"/>`,
      `<polyline points="${line}" fill="none" stroke="${colour}" stroke-width="2.2" stroke-linejoin="round"/>`,
      ...points.map(([a, b]) => `<circle cx="${fixed(x(a))}" cy="${fixed(y(b))}" r="2.6" fill="${colour}"/>`),
      `<circle cx="${fixed(x(end[0]))}" cy="${fixed(y(end[1]))}" r="9" fill="${colour}" stroke="#ffffff" stroke-width="2.5"/>`,
    );
  }
  const start = paths[0].points[0];
  const [startX, startY] = [x(start[0]), y(start[1])];
  parts.push(
    `<rect x="${fixed(startX - 8)}" y="${fixed(startY - 8)}" width="16" height="16" fill="#222222" stroke="#ffffff" stroke-width="2.5"/>`,
    `<text x="${fixed(startX)}" y="${fixed(startY + 28)}" text-anchor="middle" font-weight="600" fill="#222222" stroke="#ffffff" stroke-width="4" paint-order="stroke">start</text>`,
  );

  parts.push(
    `<text x="${(box.left + box.right) / 2}" y="${height - 30}" text-anchor="middle">${width > 600 ? "direction in which the weights moved most" : "moved most"} (${tick(fromA)} to ${tick(toA)})</text>`,
    `<text transform="translate(30 ${(box.top + box.bottom) / 2}) rotate(-90)" text-anchor="middle">second most (${tick(fromB)} to ${tick(toB)})</text>`,
    ...scaleOfShades(low, high, box),
    `<rect x="${box.left}" y="${box.top}" width="${box.right - box.left}" height="${box.bottom - box.top}" fill="none" stroke="#555555"/>`,
  );
  return svg(title, width, height, parts);
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

function scaleOfShades(low: number, high: number, box: Box): string[] {
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
