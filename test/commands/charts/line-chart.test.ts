import { expect, test } from "vitest";
import { type LineChartOptions, lineChart } from "../../../src/commands/charts/line-chart.ts";

const draw = (options: Partial<LineChartOptions> = {}) =>
  lineChart({
    title: "loss",
    xLabel: "epochs",
    yLabel: "loss",
    series: [
      {
        name: "batch",
        points: [
          [0, 3],
          [1, 2],
          [2, 1],
        ],
      },
    ],
    ...options,
  });

/** Points of each line, in order; a gap begins a new piece of it. */
const linesOf = (svg: string) =>
  [...svg.matchAll(/<path d="([^"]*)"[^>]*stroke-linejoin/g)].map(([, path]) =>
    path
      .split("M")
      .slice(1)
      .map((piece) => piece.split("L").map((point) => point.replace("h0", "").split(" ").map(Number))),
  );

const textsOf = (svg: string) => [...svg.matchAll(/<text[^>]*>([^<]*)</g)].map((match) => match[1]);

test("stands by itself: no script, and no address but the name of SVG", () => {
  const svg = draw();
  expect(svg).toMatch(/^<svg xmlns="http:\/\/www.w3.org\/2000\/svg"/);
  expect(svg.match(/https?:/g)).toHaveLength(1);
  expect(svg).not.toMatch(/<script|<style|href|url\(|\son\w+=/);
});

test("writes title, labels, legend and round numbers beside the axes", () => {
  expect(textsOf(draw())).toEqual(
    expect.arrayContaining(["loss", "epochs", "batch", "0", "0.5", "1", "1.5", "2", "3"]),
  );
});

test("draws larger values higher, and later ones further right", () => {
  const [[points]] = linesOf(draw());
  expect(points).toHaveLength(3);
  expect(points[0][1]).toBeLessThan(points[2][1]);
  expect(points[0][0]).toBeLessThan(points[2][0]);
});

test("puts decades at equal distances on log scales", () => {
  const points = [
    [1, 0.001],
    [10, 0.01],
    [100, 0.1],
    [1000, 1],
  ] as const;
  const svg = draw({ xScale: "log", yScale: "log", series: [{ name: "a", points }] });
  const [[drawn]] = linesOf(svg);
  for (const axis of [0, 1]) {
    const steps = drawn.slice(1).map((point, index) => point[axis] - drawn[index][axis]);
    for (const step of steps) expect(Math.abs(step - steps[0])).toBeLessThan(0.3);
  }
  expect(textsOf(svg)).toEqual(expect.arrayContaining(["0.001", "0.01", "0.1", "1", "10", "100", "1,000"]));
});

test.each([
  ["NaN", Number.NaN, "linear"],
  ["Infinity", Number.POSITIVE_INFINITY, "linear"],
  ["0 on a log scale", 0, "log"],
] as const)("leaves a gap at %s", (_, value, yScale) => {
  const points = [
    [0, 1],
    [1, 2],
    [2, value],
    [3, 2],
    [4, 1],
  ] as const;
  const svg = draw({ yScale, series: [{ name: "a", points }] });
  expect(linesOf(svg)[0].map((piece) => piece.length)).toEqual([2, 2]);
  expect(svg).not.toMatch(/NaN|Infinity/);
});

test("draws a point between two gaps as a dot", () => {
  const svg = draw({
    series: [
      {
        name: "a",
        points: [
          [0, Number.NaN],
          [1, 2],
          [2, Number.NaN],
        ],
      },
    ],
  });
  expect(svg).toMatch(/d="M[\d.]+ [\d.]+h0"/);
});

test("escapes every text", () => {
  const svg = draw({
    title: `<b>"a" & 'b'</b>\u0000`,
    series: [{ name: "<script>", points: [[0, 1]] }],
    marks: [{ x: 0, label: "a < b" }],
  });
  for (const raw of ["<b>", "<script>", "\u0000"]) expect(svg).not.toContain(raw);
  expect(svg).toContain("&lt;b&gt;&quot;a&quot; &amp; &#39;b&#39;&lt;/b&gt;");
  expect(svg).toContain("a &lt; b");
});

test("thins a long series to some 600 points, and keeps its ends and its peak", () => {
  const points = Array.from({ length: 100_000 }, (_, i) => [i, i === 31_415 ? 50 : Math.sin(i)] as const);
  const [[drawn]] = linesOf(draw({ series: [{ name: "a", points }] }));
  expect(drawn.length).toBeGreaterThan(300);
  expect(drawn.length).toBeLessThanOrEqual(602);
  const heights = drawn.map(([, y]) => y).sort((a, b) => a - b);
  expect(heights[1] - heights[0]).toBeGreaterThan(200);
});

test("draws a frame and says so where there is nothing to draw", () => {
  for (const points of [[], [[0, Number.NaN]]] as [number, number][][]) {
    const svg = draw({ series: [{ name: "a", points }] });
    expect(textsOf(svg)).toContain("no finite value to draw");
    expect(svg).not.toMatch(/NaN|Infinity/);
  }
});

test("draws a constant, and a single point, in the middle", () => {
  const [[points]] = linesOf(
    draw({
      series: [
        {
          name: "a",
          points: [
            [0, 7],
            [5, 7],
          ],
        },
      ],
    }),
  );
  expect(points[0][1]).toBe(points[1][1]);
  expect(draw({ series: [{ name: "a", points: [[3, 0]] }] })).not.toMatch(/NaN|Infinity/);
});

test("marks a moment with a line and a word", () => {
  const svg = draw({ marks: [{ x: 1.5, label: "the rule changes" }] });
  expect(textsOf(svg)).toContain("the rule changes");
  expect(svg).toMatch(/M[\d.]+ 0V\d+/);
});

test("shows but the range asked for", () => {
  const svg = draw({
    yRange: [0, 1],
    series: [
      {
        name: "a",
        points: [
          [0, 0.5],
          [1, 1e30],
        ],
      },
    ],
  });
  expect(textsOf(svg)).toContain("0.2");
  expect(textsOf(svg)).not.toContain("10³⁰");
});
