/** Lets signals, timers and the terminal have their turn: training itself never waits for anything. */
export function eventLoopTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
