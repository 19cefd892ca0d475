import type { State } from "../state.ts";
import { RunningStatistics } from "./running-statistics.ts";
import type { TransformKind } from "./transform.ts";

/** Every column in standard deviations from its running mean; a column that has not varied becomes 0. */
export const standardize: TransformKind = {
  title: "Every column in standard deviations from its running mean",
  settings: {},
  create(columns) {
    const statistics = new RunningStatistics(columns);
    return {
      inputs: columns,
      outputs: columns,
      transform: (values, offset, out) => statistics.standardize(values, offset, out),
      learn: (values, offset) => statistics.learn(values, offset),
      state: () => statistics.state(),
      restore: (state: State) => statistics.restore(state),
    };
  },
};
