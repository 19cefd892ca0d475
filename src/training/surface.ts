import type { Model } from "../engine/model/model.ts";
import { createRandom, shuffle } from "../engine/model/random.ts";
import { createNetwork } from "../engine/running/network.ts";
import { type Rows, rowOrder } from "./descent.ts";
import { eventLoopTurn } from "./event-loop.ts";
import { createLossEvaluator } from "./loss-evaluator.ts";
import type { Plane } from "./plane.ts";

/** The loss over a rectangle of a plane through weight space. */
export interface LossSurface {
  /** Lowest and highest coordinate along the first axis, then along the second. */
  extent: [number, number, number, number];
  /** Cells along each side. */
  side: number;
  /** [side, side]: the loss at the middle of each cell, rows along the second axis; may be infinite or NaN. */
  losses: Float64Array;
}

const side = 33;
/** Most rows over which the loss of a cell is taken. */
const mostRows = 256;

/**
 * Evaluates the loss on a grid around points of a plane, over a sample of the rows.
 * @param points coordinates in the plane that the grid has to contain
 */
export async function lossSurface(
  model: Model,
  rows: Rows,
  plane: Plane,
  points: readonly [number, number][],
  { seed, deterministic, signal }: { seed: number; deterministic: boolean; signal?: AbortSignal },
): Promise<LossSurface> {
  const order = rowOrder(rows.count);
  shuffle(order, createRandom(seed));
  const evaluateLoss = createLossEvaluator(model, rows, deterministic, order.subarray(0, mostRows));
  const weights = createNetwork(model, { batchSize: 1, deterministic }).parameters();
  const along = extentOf(points.map(([a]) => a));
  const across = extentOf(points.map(([, b]) => b));
  const losses = new Float64Array(side * side);
  for (let row = 0; row < side; row++) {
    const b = across[0] + ((row + 0.5) / side) * (across[1] - across[0]);
    for (let column = 0; column < side; column++) {
      const a = along[0] + ((column + 0.5) / side) * (along[1] - along[0]);
      let at = 0;
      for (const { data } of weights) {
        for (let i = 0; i < data.length; i++, at++) {
          data[i] = plane.origin[at] + a * plane.first[at] + b * plane.second[at];
        }
      }
      losses[row * side + column] = evaluateLoss(weights);
    }
    await eventLoopTurn();
    signal?.throwIfAborted();
  }
  return { extent: [...along, ...across], side, losses };
}

/** From the smallest to the largest value, with a margin. */
function extentOf(values: readonly number[]): [number, number] {
  const low = Math.min(...values);
  const high = Math.max(...values);
  const margin = (high - low) * 0.15 || 1;
  return [low - margin, high + margin];
}
