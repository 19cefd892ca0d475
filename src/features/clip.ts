import { RivuletError } from "../errors/errors.ts";
import type { State } from "../state.ts";
import type { TransformKind } from "./transform.ts";

/**
 * Limits every column to ±`limit`. After `standardize` the limit is in standard deviations: a spike then changes the
 * weights no more than a value at the limit.
 */
export const clip: TransformKind<{ limit: number }> = {
  title: "Limits every column to a range around 0",
  settings: {
    limit: {
      title: "Largest distance from 0; in standard deviations after standardize",
      default: 4,
      above: 0,
    },
  },
  create: (columns, { limit }) => ({
    inputs: columns,
    outputs: columns,
    transform(values, offset, out) {
      for (let column = 0; column < columns; column++) {
        out[column] = Math.max(-limit, Math.min(limit, values[offset + column]));
      }
    },
    learn() {},
    state: () => null,
    restore(state: State) {
      if (state === null) return;
      throw new RivuletError(
        "state.mismatch",
        `found ${typeof state} as the stored state of clip, expected null; restore a state of the same features`,
      );
    },
  }),
};
