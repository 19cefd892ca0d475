/**
 * Plain data that a part hands over to be stored and takes back to continue bit for bit. Running state is kept
 * in typed arrays (stored as raw little-endian bytes), everything else in JSON's types.
 */
export type State =
  | null
  | boolean
  | number
  | string
  | Float32Array
  | Float64Array
  | State[]
  | { [key: string]: State };

/** A part whose running state can be stored and put back. */
export interface Stateful {
  /** The state as it is now. Typed arrays may be views on live memory: store them before the next sample. */
  state(): State;
  /** Takes back what `state()` gave. Refuses, before changing anything, a state of another shape. */
  restore(state: State): void;
}
