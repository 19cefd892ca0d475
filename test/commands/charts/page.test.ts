import { expect, test } from "vitest";
import { lineChart } from "../../../src/commands/charts/line-chart.ts";
import { htmlOf } from "../../../src/commands/charts/page.ts";

const chart = {
  title: "Loss",
  xLabel: "epochs",
  yLabel: "loss",
  series: [
    {
      name: "a",
      points: [
        [0, 1],
        [1, 2],
      ] as [number, number][],
    },
  ],
};

test("a page draws each figure for a desk and for a telephone, without its title", () => {
  const page = htmlOf({
    title: "t",
    introduction: "i",
    parts: [{ title: chart.title, sentence: "falls", draw: (size) => lineChart({ ...chart, ...size }) }],
  });
  const widths = [...page.matchAll(/<svg [^>]*viewBox="0 0 (\d+) /g)].map(([, width]) => Number(width));
  expect(widths).toEqual([1100, 400]);
  expect(page).toContain("<h2>Loss</h2>");
  expect(page).not.toContain('font-weight="600">Loss');
});

test("a page escapes what it is given, and asks for nothing from elsewhere", () => {
  const evil = "<script>alert(1)</script>";
  const page = htmlOf({
    title: evil,
    introduction: evil,
    tiles: [{ name: evil, value: evil, note: evil }],
    parts: [{ title: evil, sentence: evil, columns: [evil], rows: [[evil], [{ text: evil, tint: 0.5 }]] }],
    facts: [[evil, evil]],
  });
  expect(page).not.toMatch(/<script|http|src=|url\(/);
  expect(page.match(/&lt;script&gt;/g)).toHaveLength(13);
});

test("a cell is tinted by its part of the whole, held between none and all", () => {
  const cells = [0.25, -1, 7, Number.NaN].map((bar) => ({ text: "x", bar }));
  const page = htmlOf({ title: "t", introduction: "i", parts: [{ title: "t", columns: [], rows: [cells] }] });
  expect([...page.matchAll(/--share:([\d.NaN]+)/g)].map(([, share]) => share)).toEqual([
    "0.25",
    "0",
    "1",
    "0",
  ]);
});

test("a table whose rows are cards on a telephone names the column in each cell", () => {
  const table = {
    title: "All runs",
    columns: ["run", "loss & rate"],
    rows: [["a", { text: "0.5", bar: 0.5 }]],
  };
  const [plain, cards] = [table, { ...table, hasCards: true }].map((part) =>
    htmlOf({ title: "t", introduction: "i", parts: [part] }),
  );
  expect(plain).toContain('<div class="table"><table>');
  expect(plain).toContain('<td>a</td><td class="bar"');
  expect(cards).toContain('<div class="table cards"><table>');
  expect(cards).toContain('<td data-name="run">a</td><td data-name="loss &amp; rate" class="bar"');
});
