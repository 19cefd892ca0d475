/** The page of `rivulet replay --anomaly --report`: series, evidence, threshold and episodes. */
import { formatCount } from "../../wording/quantities.ts";
import { lineChart } from "../charts/line-chart.ts";
import { type Figure, htmlOf, type Table } from "../charts/page.ts";
import { pageFacts } from "../results/page-file.ts";
import type { AnomalyCourse } from "./anomaly-course.ts";
import { type AnomalyReplay, momentText, rateText } from "./anomaly-replay.ts";
import { windowFacts, windowSpans, windowTable, windowTiles } from "./anomaly-windows.ts";

/** Columns that are drawn: those with alarms first. */
const mostDrawn = 8;
/** Evidence is cut at this multiple of the highest threshold: a single fault of a thousand nats hides all else. */
const mostTimes = 5;

/** Returns the HTML page of a replay that watched for anomalies. */
export function anomalyPage(replay: AnomalyReplay, course: AnomalyCourse): string {
  const { data, rows, found, columns, text, windows } = replay;
  const alarmsOf = (column: string) => found.filter(({ episode }) => episode.column === column).length;
  const drawn = [...columns].sort((a, b) => alarmsOf(b) - alarmsOf(a)).slice(0, mostDrawn);
  const facts = windowFacts(windows).flatMap((fact) => (fact === null ? [] : [fact]));
  const reasons = found.map(({ episode }): [string, string] => [
    `alarm ${episode.number}`,
    `${episode.text}; ${episode.outcome ?? "it goes on at the end"}`,
  ]);
  return htmlOf({
    title: `Anomalies in ${data.split("/").at(-1)}`,
    introduction: `${formatCount(rows, "row")} of ${formatCount(columns.length, "column")} were watched row by row, as a daemon would have: each was scored by what was known before it. ${rateText(replay)}.`,
    tiles: [{ name: "alarms", value: String(found.length), note: rateText(replay) }, ...windowTiles(windows)],
    parts: [
      evidenceFigure(replay, course),
      ...drawn.map((column) => columnFigure(column, replay, course)),
      episodeTable(replay),
      ...windowTable(windows),
    ],
    facts: pageFacts([["data", data], ...reasons, ["at the end", text], ...facts]),
  });
}

const marksOf = ({ found }: AnomalyReplay, column?: string) =>
  found
    .filter(({ episode }) => column === undefined || episode.column === column)
    .map(({ row, episode }) => ({ x: row, label: String(episode.number) }));

function evidenceFigure(replay: AnomalyReplay, course: AnomalyCourse): Figure {
  const title = "How unusual each moment was";
  const needed = Math.max(0, ...course.threshold.map(([, y]) => y).filter(Number.isFinite));
  const limit = needed > 0 ? Math.ceil(mostTimes * needed) : Number.POSITIVE_INFINITY;
  const isCut = course.evidence.some(([, y]) => y > limit);
  const points = course.evidence.map(([x, y]): [number, number] => [x, Math.min(y, limit)]);
  return {
    title,
    sentence: `Evidence in nats, the sum of the three strongest scores, and what an alarm needed at that time; each alarm has a number. Before the threshold begins it was learned what is normal.${isCut ? ` Evidence above ${limit} is drawn as ${limit}; the table has its value.` : ""}`,
    draw: (size) =>
      lineChart({
        ...{ title, xLabel: "row", yLabel: "evidence", ...size, marks: marksOf(replay) },
        spans: windowSpans(replay.windows),
        series: [
          { name: "evidence", points },
          { name: "what an alarm needs", points: course.threshold, colour: "#d55e00", dashed: true },
        ],
      }),
  };
}

function columnFigure(column: string, replay: AnomalyReplay, course: AnomalyCourse): Figure {
  const marks = marksOf(replay, column);
  return {
    title: column,
    sentence:
      marks.length === 0
        ? "No alarm was about this column."
        : `${formatCount(marks.length, "alarm")} about it.`,
    draw: (size) =>
      lineChart({
        ...{ title: column, xLabel: "row", yLabel: column, ...size, marks },
        spans: windowSpans(replay.windows),
        series: [{ name: column, points: course.of(column) }],
      }),
  };
}

function episodeTable(replay: AnomalyReplay): Table {
  return {
    title: "Alarms",
    hasCards: true,
    sentence: replay.found.length === 0 ? "There was none." : undefined,
    columns: ["alarm", "since", "column", "evidence", "needed", "rows"],
    rows: replay.found.map((each) => {
      const { number, column, evidence, threshold } = each.episode;
      const rows = each.lastRow - each.row + 1;
      return [
        String(number),
        momentText(each, replay),
        column,
        evidence.toFixed(1),
        threshold.toFixed(1),
        String(rows),
      ];
    }),
  };
}
