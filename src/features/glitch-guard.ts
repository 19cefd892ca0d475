import type { State } from "../state.ts";
import { ColumnStatistic } from "./column-statistic.ts";
import type { Transform } from "./transform.ts";

/** Replaces numbers that cannot be true by the mean of their column, and leaves all others as they are. */
export function createGlitchGuard(columns: number): Transform {
  const statistic = new ColumnStatistic({ columns });
  return {
    inputs: columns,
    outputs: columns,
    statistic,
    transform(values, offset, out) {
      for (let column = 0; column < columns; column++) {
        const isGlitch = statistic.isGlitch(values, offset + column, column);
        out[column] = isGlitch ? statistic.means[column] : values[offset + column];
      }
    },
    learn: (values, offset) => statistic.learn(values, offset),
    state: () => statistic.state(),
    restore: (state: State) => statistic.restore(state),
  };
}
