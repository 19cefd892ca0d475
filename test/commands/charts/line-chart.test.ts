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

describe("spans of a line chart", () => {
  const series = [
    {
      name: "s",
      points: [
        [0, 1],
        [1000, 2],
      ] as [number, number][],
    },
  ];
  const draw = (ranges: [number, number][], hollow = false) =>
    lineChart({ ...labels, series, spans: [{ name: "known", colour: "#009e73", hollow, ranges }] });
  /** From and to of each area, in pixels. */
  const areasOf = (chart: string) => {
    const path = [...chart.matchAll(/<path d="([^"]*)" fill="#009e73" fill-opacity/g)][0][1];
    return [...path.matchAll(/M([\d.]+) [\d.]+H([\d.]+)/g)].map(([, from, to]) => [Number(from), Number(to)]);
  };
  const [, left, , right] = /d="M([\d.]+) ([\d.]+)V[\d.]+H([\d.]+)/.exec(
    draw([[0, 1]]),
  ) as unknown as number[];

  test("lie where they begin and end, cut off at the axes, and have their name in the legend", () => {
    const chart = draw([
      [250, 500],
      [900, 5000],
      [2000, 3000],
    ]);
    const place = (x: number) => Number(left) + ((right - left) * x) / 1000;
    const expected = [250, 500, 900, 1000].map(place);
    expect(areasOf(chart).flat()).toHaveLength(4);
    for (const [index, at] of areasOf(chart).flat().entries()) expect(at).toBeCloseTo(expected[index], 0);
    expect(chart).toContain(">known</text>");
  });

  test("are wide enough to be seen however short they are, and become one where they touch", () => {
    const [[from, to]] = areasOf(draw([[500, 500]]));
    expect(to - from).toBeCloseTo(4, 5);
    const many = Array.from({ length: 10_000 }, (_, i): [number, number] => [200 + i / 50, 200 + i / 50]);
    expect(areasOf(draw(many))).toHaveLength(1);
  });

  test("can be distinguished without colours", () => {
    expect(draw([[0, 9]]).match(/fill="none" stroke="#009e73"/g)).toBeNull();
    // One in the legend, one in the chart.
    expect(draw([[0, 9]], true).match(/fill="none" stroke="#009e73"/g)).toHaveLength(2);
  });
});
