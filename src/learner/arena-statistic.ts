/** A column statistic whose memory is part of an arena. */
import { type Arena, bytesOf, float64 } from "../engine/running/arena.ts";
import { ColumnStatistic, type ColumnStatisticOptions, columnShapes } from "../features/column-statistic.ts";

const blocksFor = (columns: number) => {
  const { moments, first } = columnShapes(columns);
  return { moments: float64(...moments), first: float64(...first) };
};

const tentativeFor = (columns: number) => ({ before: float64(...columnShapes(columns).before) });

export const statisticBytes = (columns: number): number => bytesOf(blocksFor(columns));

/** What `remember` needs of a statistic that is placed with it. */
export const tentativeStatisticBytes = (columns: number): number => bytesOf(tentativeFor(columns));

/** Creates a column statistic whose blocks are in an arena. */
export const placeStatistic = (options: ColumnStatisticOptions, arena: Arena): ColumnStatistic =>
  new ColumnStatistic(options, arena.place(blocksFor(options.columns)));

/** Creates one that can also `remember` and `recall`, while no network learns between the two. */
export const placeTentativeStatistic = (options: ColumnStatisticOptions, arena: Arena): ColumnStatistic =>
  new ColumnStatistic(options, {
    ...arena.place(blocksFor(options.columns)),
    ...arena.placeTentative(tentativeFor(options.columns)),
  });
