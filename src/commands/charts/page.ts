/** A page of charts and tables as one HTML document, which needs no script and nothing from elsewhere. */
import { escapeText } from "./line-chart.ts";

/** Pixels of a drawing, and whether its title is part of it. */
export interface Size {
  width: number;
  height: number;
  hasTitle: boolean;
}

/** A chart of a page. */
export interface Figure {
  title: string;
  /** What one sees in it. */
  sentence: string;
  /** Draws it as SVG, for a desk or for a telephone. */
  draw(size: Size): string;
}

/** A cell of a table: its text, and the part from 0 to 1 by which it is tinted, or by which a bar in it is filled. */
export type Cell = string | { text: string; tint?: number; bar?: number };

/** A table with a heading; the first column holds names, the others numbers. */
export interface Table {
  title: string;
  sentence?: string;
  columns: readonly string[];
  rows: readonly (readonly Cell[])[];
  /** Whether a telephone, which has no room for many columns, shows each row as a card. */
  hasCards?: boolean;
}

/** A figure of the summary: `accuracy`, `93.1 %`, `majority 34.1 %`. */
export interface Tile {
  name: string;
  value: string;
  note?: string;
}

/** What a page is made of. */
export interface Page {
  title: string;
  introduction: string;
  tiles?: readonly Tile[];
  /** Figures and tables, in their order. */
  parts: readonly (Figure | Table)[];
  /** Names and texts at the end, such as how the page was made. */
  facts?: readonly (readonly [name: string, text: string])[];
}

/** Sizes at which text of the size that all figures share is legible, on a desk and on a telephone. */
export const wide: Size = { width: 1100, height: 460, hasTitle: false };
const narrow: Size = { width: 400, height: 330, hasTitle: false };

const style = `
:root { color-scheme: light dark; --ground: #ffffff; --text: #1f2a33; --faint: #5a6872; --line: #dde3e8; --tint: #0072b2; }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 1148px; padding: 32px 24px 64px; background: var(--ground); color: var(--text);
  font: 17px/1.5 system-ui, -apple-system, "Segoe UI", sans-serif; }
h1 { font-size: 34px; line-height: 1.2; margin: 0 0 12px; overflow-wrap: anywhere; }
h2 { font-size: 23px; line-height: 1.3; margin: 52px 0 8px; }
p, figcaption { margin: 0 0 12px; max-width: 76ch; }
figure { margin: 0; }
figure svg { width: 100%; height: auto; display: block; }
.narrow { display: none; }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(165px, 1fr)); gap: 12px; margin: 24px 0 0; }
.tiles div { border: 1px solid var(--line); border-radius: 8px; padding: 12px 14px; }
.tiles b { display: block; font-size: 28px; line-height: 1.25; font-weight: 600; font-variant-numeric: tabular-nums; }
.tiles small { font-size: 14px; color: var(--faint); display: block; }
.table { overflow-x: auto; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; min-width: min(100%, 560px); }
th, td { padding: 6px 12px; text-align: right; border-bottom: 1px solid var(--line); white-space: nowrap; }
th:first-child, td:first-child { text-align: left; }
th { font-weight: 600; border-bottom: 2px solid var(--faint); }
.tint { background: color-mix(in srgb, var(--tint) calc(var(--share) * 55%), transparent); }
.bar { min-width: 150px; background: linear-gradient(90deg, color-mix(in srgb, var(--tint) 40%, transparent) calc(var(--share) * 100%), transparent 0) no-repeat 0 50% / 100% 70%; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: 4px 20px; margin: 0; }
dt { color: var(--faint); }
dd { margin: 0; overflow-wrap: anywhere; }
@media (max-width: 700px) {
  body { padding: 20px 14px 40px; font-size: 16px; }
  h1 { font-size: 26px; }
  h2 { font-size: 20px; margin-top: 40px; }
  .wide { display: none; }
  .narrow { display: block; }
  .tiles { grid-template-columns: 1fr 1fr; }
  .tiles b { font-size: 23px; }
  table { font-size: 15px; }
  th, td { padding: 6px; }
  .cards table { min-width: 100%; }
  .cards thead { display: none; }
  .cards tr { display: grid; grid-template-columns: 1fr 1fr; gap: 0 20px; padding: 8px 0; border-bottom: 1px solid var(--line); }
  .cards td { display: flex; justify-content: space-between; gap: 8px; padding: 2px 0; border: 0; white-space: normal; }
  .cards td:first-child { grid-column: 1 / -1; font-weight: 600; }
  .cards td:not(:first-child)::before { content: attr(data-name); color: var(--faint); text-align: left; }
  .bar { min-width: 60px; }
  dl { grid-template-columns: 1fr; gap: 0; }
  dd { margin-bottom: 10px; }
}
@media (prefers-color-scheme: dark) {
  :root { --ground: #10161b; --text: #e6ecf1; --faint: #9aa8b3; --line: #2d3943; --tint: #4da6e0; }
  svg, svg text { fill: #e6ecf1; }
  svg [fill="#ffffff"] { fill: #10161b; }
  svg [fill="#222222"] { fill: #222222; }
  svg [fill="#555555"] { fill: #9aa8b3; }
  svg [stroke="#e6e6e6"] { stroke: #2d3943; }
  svg [stroke="#555555"], svg [stroke="#888888"] { stroke: #9aa8b3; }
  svg [stroke="#0072b2"] { stroke: #4da6e0; }
  svg [stroke="#8a6d00"] { stroke: #d8b53a; }
  svg [stroke="#444444"] { stroke: #c8d0d6; }
}
@media print { figure, tr { break-inside: avoid; } }
`;

/** The page as one HTML document. */
export function htmlOf({ title, introduction, tiles = [], parts, facts = [] }: Page): string {
  const shownTitle = escapeText(title);
  const about = facts.map(([name, text]) => `<dt>${escapeText(name)}</dt><dd>${escapeText(text)}</dd>`);
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta name="color-scheme" content="light dark">
<title>${shownTitle}</title>
<style>${style}</style>
</head>
<body>
<h1>${shownTitle}</h1>
<p>${escapeText(introduction)}</p>
${tiles.length === 0 ? "" : `<div class="tiles">${tiles.map(tileHtml).join("\n")}</div>`}
${parts.map((part) => ("draw" in part ? figureHtml(part) : tableHtml(part))).join("\n")}
${about.length === 0 ? "" : `<h2>About this page</h2>\n<dl>${about.join("\n")}</dl>`}
</body>
</html>
`;
}

const tileHtml = ({ name, value, note }: Tile) =>
  `<div><small>${escapeText(name)}</small><b>${escapeText(value)}</b>${note === undefined ? "" : `<small>${escapeText(note)}</small>`}</div>`;

const figureHtml = ({ title, sentence, draw }: Figure) => `<h2>${escapeText(title)}</h2>
<figure>
<figcaption>${escapeText(sentence)}</figcaption>
<div class="wide">${draw(wide)}</div>
<div class="narrow">${draw(narrow)}</div>
</figure>`;

const tableHtml = ({
  title,
  sentence,
  columns,
  rows,
  hasCards = false,
}: Table) => `<h2>${escapeText(title)}</h2>
${sentence === undefined ? "" : `<p>${escapeText(sentence)}</p>`}
<div class="table${hasCards ? " cards" : ""}"><table>
<thead><tr>${columns.map((column) => `<th>${escapeText(column)}</th>`).join("")}</tr></thead>
<tbody>
${rows.map((row) => `<tr>${row.map((cell, at) => cellHtml(cell, hasCards ? columns[at] : null)).join("")}</tr>`).join("\n")}
</tbody>
</table></div>`;

/** @param name of its column, for a card; null: the head of the table says it */
function cellHtml(cell: Cell, name: string | null): string {
  const about = name === null ? "" : ` data-name="${escapeText(name)}"`;
  if (typeof cell === "string") return `<td${about}>${escapeText(cell)}</td>`;
  const { text, tint, bar } = cell;
  // What is not a number counts as nothing.
  const share = Math.min(1, Math.max(0, tint ?? bar ?? 0)) || 0;
  const kind = tint === undefined ? "bar" : "tint";
  return `<td${about} class="${kind}" style="--share:${Number(share.toFixed(3))}">${escapeText(text)}</td>`;
}
