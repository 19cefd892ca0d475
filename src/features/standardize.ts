import type { State } from "../state.ts";
import { ColumnStatistic } from "./column-statistic.ts";
import type { TransformKind } from "./transform.ts";

/**
 * Every column in standard deviations from its running mean, held within 8; 0 for a column that has not varied and for a
 * number that cannot be true.
 */
export const standardize: TransformKind = {
  title: "Scales every column to standard deviations from its running mean",
  settings: {},
  create(columns) {
    const statistic = new ColumnStatistic({ columns });
    return {
      inputs: columns,
      outputs: columns,
      statistic,
      transform: (values, offset, out) => statistic.score(values, offset, out),
      learn: (values, offset) => statistic.learn(values, offset),
      state: () => statistic.state(),
      restore: (state: State) => statistic.restore(state),
    };
  },
};
