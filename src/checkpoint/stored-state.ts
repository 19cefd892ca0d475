/**
 * Converts state to plain MessagePack and back. A typed array becomes the map
 * `{ dtype: "f32" | "f64", shape: [length], data }`, everything else is unchanged. State contains no other binary data, so
 * a map with binary `data` is always a typed array, and the conversion is reversible.
 *
 * `data` is a view on the array's memory, so it is little-endian on every processor that Rivulet supports (Node's one
 * big-endian port, s390x, is not supported).
 */
import { CheckpointError } from "../errors/errors.ts";
import type { State } from "../state.ts";
import { maximumDepth } from "./message-structure.ts";
import type { Plain } from "./messagepack.ts";

/** A map of state. */
export type StateMap = { [key: string]: State };
/** A map of plain MessagePack. */
export type PlainMap = { [key: string]: Plain };

/**
 * Converts state to plain MessagePack. The data of typed arrays are views, not copies.
 *
 * @param path position of the state in the checkpoint, such as `featureState.mean`
 * @throws TypeError for a value that is not state: undefined, functions, class instances, other typed arrays
 */
export function storeState(state: State, path: string, depth = 0): Plain {
  if (depth > maximumDepth) throw new TypeError(`${path} is nested deeper than ${maximumDepth}`);
  if (state === null || typeof state === "boolean" || typeof state === "number") return state;
  if (isText(state)) return state;
  if (state instanceof Float32Array) return { dtype: "f32", shape: [state.length], data: bytesOf(state) };
  if (state instanceof Float64Array) return { dtype: "f64", shape: [state.length], data: bytesOf(state) };
  if (Array.isArray(state)) {
    return state.map((element, index) => storeState(element, `${path}[${index}]`, depth + 1));
  }
  if (!isPlainObject(state)) throw new TypeError(`${path} cannot be stored: ${kindOf(state)} is not state`);
  const map: PlainMap = {};
  for (const [key, value] of Object.entries(state as StateMap)) {
    if (!isText(key) || key === "__proto__") {
      throw new TypeError(`${path} cannot be stored: ${JSON.stringify(key)} may not be a key`);
    }
    map[key] = storeState(value, `${path}.${key}`, depth + 1);
  }
  return map;
}

/**
 * Converts what `storeState` returned back to state, with typed arrays in new memory.
 *
 * @param where name of the file, for error sentences
 * @throws CheckpointError for a value that `storeState` cannot have returned
 */
export function restoreState(stored: Plain, path: string, where: string): State {
  if (stored instanceof Uint8Array) {
    throw new CheckpointError(
      "checkpoint.malformed",
      `${where} is malformed: ${path} is binary data outside an array`,
    );
  }
  if (typeof stored !== "object" || stored === null) return stored;
  if (Array.isArray(stored)) {
    return stored.map((element, index) => restoreState(element, `${path}[${index}]`, where));
  }
  if (stored["data"] instanceof Uint8Array) return restoreArray(stored, stored["data"], path, where);
  const map: StateMap = {};
  for (const key of Object.keys(stored)) map[key] = restoreState(stored[key], `${path}.${key}`, where);
  return map;
}

const elementBytes = new Map<Plain, number>([
  ["f32", Float32Array.BYTES_PER_ELEMENT],
  ["f64", Float64Array.BYTES_PER_ELEMENT],
]);

function restoreArray(
  stored: PlainMap,
  data: Uint8Array,
  path: string,
  where: string,
): Float32Array | Float64Array {
  const { dtype, shape } = stored;
  const size = elementBytes.get(dtype);
  if (size === undefined || !Array.isArray(shape) || shape.length !== 1 || Object.keys(stored).length !== 3) {
    throw new CheckpointError(
      "checkpoint.malformed",
      `${where} is malformed: ${path} is not an array of one dimension in f32 or f64`,
    );
  }
  if ((shape[0] as number) * size !== data.length) {
    throw new CheckpointError(
      "checkpoint.malformed",
      `${where} is malformed: ${path} has ${data.length} bytes, but its shape [${shape[0]}] in ${dtype} needs ${(shape[0] as number) * size}`,
    );
  }
  const { buffer } = copyOf(data);
  return dtype === "f32" ? new Float32Array(buffer) : new Float64Array(buffer);
}

/** Copies binary data to new memory at offset 0, where floats are aligned; in a message it may start at any byte. */
export function copyOf(data: Uint8Array): Uint8Array<ArrayBuffer> {
  return new Uint8Array(data);
}

/** Returns a view, not a copy, of the bytes of an array. */
export function bytesOf(array: Float32Array | Float64Array): Uint8Array {
  return new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
}

/** Whether a value is a string that UTF-8 can encode: one without unpaired surrogates. */
export function isText(value: unknown): value is string {
  return typeof value === "string" && !/\p{Surrogate}/u.test(value);
}

function isPlainObject(value: unknown): boolean {
  if (typeof value !== "object") return false;
  const prototype = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

function kindOf(value: unknown): string {
  if (typeof value === "string") return "a string with an unpaired surrogate";
  if (typeof value === "object" && value !== null) return Object.prototype.toString.call(value).slice(8, -1);
  return typeof value;
}
