/** What every chart has around its drawing: title, legend, axes with their ticks and labels. */
import type { Scale } from "./scale.ts";

export interface LegendEntry {
  name: string;
  colour: string;
  dashed?: boolean;
}

export interface FrameOptions {
  title: string;
  xLabel: string;
  yLabel: string;
  x: Scale;
  y: Scale;
  legend: LegendEntry[];
  /** Of the whole image, in pixels. */
  width: number;
  height: number;
  /** Lines across the drawing at each tick. */
  grid: boolean;
  /** Pixels kept free right of the drawing. */
  rightMargin?: number;
  /** Drawn outside the drawing's bounds, such as a colour bar; gets those bounds. */
  beside?: (area: Area) => string;
}

/** The rectangle of the drawing in the image, in pixels. */
export interface Area {
  left: number;
  top: number;
  width: number;
  height: number;
}

export const fontFamily = "'Segoe UI', 'Helvetica Neue', Arial, 'DejaVu Sans', sans-serif";
export const ink = "#1f2430";
const quiet = "#4b5263";
const gridColour = "#e2e5eb";
const frameColour = "#8a92a3";
const fontSize = 17;
const titleSize = 23;
const legendRow = 27;
const lineSample = 34;

/**
 * An SVG document of its own: no script, no style sheet, no font or colour from outside.
 * @param draw gives what is inside the axes, in pixels from the drawing's upper left corner; it is clipped there
 */
export function framedChart(options: FrameOptions, draw: (area: Area) => string): string {
  const { title, xLabel, yLabel, x, y, width, height } = options;
  const rows = legendRows(options.legend, width - 40);
  const left = 44 + fontSize * 0.62 * Math.max(2, ...y.ticks.map(({ label }) => label.length));
  const top = 54 + legendRow * rows.length;
  const area: Area = {
    left: round(left),
    top,
    width: round(width - left - (options.rightMargin ?? 28)),
    height: height - top - 70,
  };
  const bottom = area.top + area.height;
  const parts = [
    `<rect width="${width}" height="${height}" fill="#ffffff"/>`,
    text(width / 2, 36, title, `font-size="${titleSize}" font-weight="600" text-anchor="middle"`),
    ...rows.map((row, index) => drawLegendRow(row, 66 + legendRow * index, width)),
  ];
  for (const { value, label } of x.ticks) {
    const at = round(area.left + x.place(value) * area.width);
    if (options.grid) parts.push(line(at, area.top, at, bottom, gridColour));
    parts.push(line(at, bottom, at, bottom + 6, frameColour));
    parts.push(text(at, bottom + 25, label, `fill="${quiet}" text-anchor="middle"`));
  }
  for (const { value, label } of y.ticks) {
    const at = round(bottom - y.place(value) * area.height);
    if (options.grid) parts.push(line(area.left, at, area.left + area.width, at, gridColour));
    parts.push(line(area.left - 6, at, area.left, at, frameColour));
    parts.push(text(area.left - 11, at + 6, label, `fill="${quiet}" text-anchor="end"`));
  }
  parts.push(
    text(area.left + area.width / 2, height - 17, xLabel, `font-size="18" text-anchor="middle"`),
    `<g transform="translate(24 ${area.top + area.height / 2}) rotate(-90)">${text(0, 0, yLabel, `font-size="18" text-anchor="middle"`)}</g>`,
    // An svg within an svg clips what it holds, without an id that could clash on a page of many charts.
    `<svg x="${area.left}" y="${area.top}" width="${area.width}" height="${area.height}">${draw(area)}</svg>`,
    `<rect x="${area.left}" y="${area.top}" width="${area.width}" height="${area.height}" fill="none" stroke="${frameColour}"/>`,
    options.beside?.(area) ?? "",
  );
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-label="${escapeText(title)}" font-family="${fontFamily}" font-size="${fontSize}" fill="${ink}">${parts.join("\n")}</svg>\n`;
}

/** About as wide as the text is drawn: nothing here can measure a font. */
const widthOf = (name: string) => lineSample + 10 + name.length * fontSize * 0.56 + 26;

function legendRows(legend: LegendEntry[], room: number): LegendEntry[][] {
  const rows: LegendEntry[][] = [];
  let used = Number.POSITIVE_INFINITY;
  for (const entry of legend) {
    used += widthOf(entry.name);
    if (used > room) {
      rows.push([]);
      used = widthOf(entry.name);
    }
    rows[rows.length - 1].push(entry);
  }
  return rows;
}

function drawLegendRow(row: LegendEntry[], y: number, width: number): string {
  let x = (width - row.reduce((sum, { name }) => sum + widthOf(name), 0) + 26) / 2;
  return row
    .map(({ name, colour, dashed }) => {
      const dash = dashed ? ` stroke-dasharray="9 6"` : "";
      const drawn = `<path d="M${round(x)} ${y - 6}h${lineSample}" stroke="${colour}" stroke-width="4" fill="none"${dash}/>${text(x + lineSample + 10, y, name, "")}`;
      x += widthOf(name);
      return drawn;
    })
    .join("");
}

/** To a tenth of a pixel: what nobody sees need not be written. */
export const round = (pixels: number) => Math.round(pixels * 10) / 10;

/** One line of text whose baseline begins, or with the attributes ends or is centred, at `x`, `y`. */
export function text(x: number, y: number, content: string, attributes: string): string {
  return `<text x="${round(x)}" y="${round(y)}"${attributes && ` ${attributes}`}>${escapeText(content)}</text>`;
}

function line(x1: number, y1: number, x2: number, y2: number, colour: string): string {
  return `<path d="M${round(x1)} ${round(y1)}L${round(x2)} ${round(y2)}" stroke="${colour}" fill="none"/>`;
}

const entities: Record<string, string> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

/** Text as it may stand in an element or an attribute; characters that XML does not allow are left out. */
export function escapeText(content: string): string {
  return (
    content
      // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what XML forbids
      .replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, "")
      .replace(/[&<>"']/g, (character) => entities[character])
  );
}
