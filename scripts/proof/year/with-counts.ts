import type { State } from "../../../src/state.ts";

/** The same state, with every count that is `from` raised to `to`, but for places in a ring of memory. */
export function withCounts(state: State, from: number, to: number): State {
  if (state === from) return to;
  if (state instanceof Float64Array) return state.map((number) => (number === from ? to : number));
  if (state instanceof Float32Array || typeof state !== "object" || state === null) return state;
  if (Array.isArray(state)) return state.map((part) => withCounts(part, from, to));
  const raised = (key: string, part: State) => (key === "place" ? part : withCounts(part, from, to));
  return Object.fromEntries(Object.entries(state).map(([key, part]) => [key, raised(key, part)]));
}
