import { describe, expect, test } from "vitest";
import { lineChart } from "../../../src/commands/charts/line-chart.ts";

const labels = { title: "Loss", xLabel: "epochs", yLabel: "loss" };
/** The lines of series: those with round joints. */
const pathsOf = (chart: string) =>
  [...chart.matchAll(/<path d="([^"]*)"[^>]*linejoin/g)].map(([, path]) => path);

describe("a line chart", () => {
  test("is one SVG that asks for nothing from elsewhere", () => {
    const chart = lineChart({
      ...labels,
      series: [
        {
          name: "a",
          points: [
            [0, 1],
            [10, 3],
          ],
        },
      ],
    });
    expect(chart).toMatch(/^<svg xmlns="http:\/\/www\.w3\.org\/2000\/svg"/);
    expect(chart.match(/http/g)).toHaveLength(1);
    expect(chart).not.toMatch(/<script|href|url\(/);
    for (const tick of [0, 2, 4, 6, 8, 10]) expect(chart).toContain(`>${tick}</text>`);
  });

  test("escapes what it is given", () => {
    const chart = lineChart({
      ...labels,
      title: 'a < b & "c"',
      series: [{ name: "<script>", points: [[0, 1]] }],
      marks: [{ x: 0, label: "<b>" }],
    });
    expect(chart).toContain("a &lt; b &amp; &quot;c&quot;</text>");
    expect(chart).not.toMatch(/<script|<b>/);
  });

  test("is as much higher as a legend on a phone is long", () => {
    const axisOf = (names: number) => {
      const series = Array.from({ length: names }, (_, i) => ({
        name: `an optimizer ${i}`,
        points: [[0, i] as [number, number], [1, 2] as [number, number]],
      }));
      const [, top, bottom] =
        /d="M[\d.]+ ([\d.]+)V([\d.]+)H/.exec(
          lineChart({ ...labels, width: 390, height: 300, hasTitle: false, series }),
        ) ?? [];
      return Number(bottom) - Number(top);
    };
    expect(axisOf(8)).toBe(axisOf(2));
  });

  test("leaves a gap where a value is not finite, or has no logarithm", () => {
    const points: [number, number][] = [
      [0, 1],
      [1, 2],
      [2, Number.NaN],
      [3, 4],
      [4, 0],
      [5, 8],
    ];
    const moves = (yScale: "linear" | "log") =>
      pathsOf(lineChart({ ...labels, yScale, series: [{ name: "a", points }] }))[0].match(/M/g)?.length;
    expect([moves("linear"), moves("log")]).toEqual([2, 3]);
  });

  test("draws at most 500 points of a series, the last one among them", () => {
    const points = Array.from({ length: 12_345 }, (_, x): [number, number] => [x, x]);
    const [path] = pathsOf(lineChart({ ...labels, series: [{ name: "a", points }] }));
    expect(path.match(/[ML]/g)).toHaveLength(500);
    expect(path).toMatch(/L776 /);
  });

  test("puts powers of ten at even distances on a log scale", () => {
    const chart = lineChart({
      ...labels,
      xScale: "log",
      series: [
        {
          name: "a",
          points: [
            [1, 1],
            [1e4, 2],
          ],
        },
      ],
    });
    const at = [1, 10, 100, 1000, 10_000].map((tick) =>
      Number(new RegExp(`<text x="([\\d.]+)"[^>]*>${tick}</text>`).exec(chart)?.[1]),
    );
    for (let i = 2; i < at.length; i++) expect(at[i] - at[i - 1]).toBeCloseTo(at[1] - at[0], 0);
  });

  test("does with no point, and with a single value", () => {
    for (const points of [[], [[3, 3]], [[Number.NaN, 1]]] as [number, number][][]) {
      expect(lineChart({ ...labels, series: [{ name: "a", points }] })).not.toMatch(/NaN|Infinity/);
    }
  });
});

test("the label of a mark at the right edge stands to the left of its line", () => {
  const chart = {
    title: "t",
    xLabel: "x",
    yLabel: "y",
    series: [
      {
        name: "s",
        points: [
          [0, 1],
          [10, 2],
        ] as [number, number][],
      },
    ],
  };
  const textOf = (x: number) =>
    />suggested: 0.03</.exec(lineChart({ ...chart, marks: [{ x, label: "suggested: 0.03" }] }));
  const lines = (x: number) =>
    (textOf(x)?.input ?? "").split("\n").find((line) => line.includes("suggested")) ?? "";
  expect(lines(10)).toContain('text-anchor="end"');
  expect(lines(1)).not.toContain('text-anchor="end"');
});
