/** A column statistic whose memory is part of an arena. */
import { type Arena, bytesOf, float64 } from "../engine/running/arena.ts";
import { ColumnStatistic, type ColumnStatisticOptions, columnShapes } from "../features/column-statistic.ts";

const blocksFor = (columns: number) => {
  const { moments, first, before } = columnShapes(columns);
  return { moments: float64(...moments), first: float64(...first), before: float64(...before) };
};

export const statisticBytes = (columns: number): number => bytesOf(blocksFor(columns));

/** Creates a column statistic whose blocks are in an arena. */
export const placeStatistic = (options: ColumnStatisticOptions, arena: Arena): ColumnStatistic =>
  new ColumnStatistic(options, arena.place(blocksFor(options.columns)));
