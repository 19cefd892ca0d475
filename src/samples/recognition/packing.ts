/** Guesses how the fields of a frame are packed. The bytes alone do not determine it, and the output says so. */
import { type Field, type FieldType, fieldBytes } from "../decoding/fields.ts";

/** Bounds of plausible sensor values; four arbitrary bytes read as a float are seldom between them. */
const smallestSane = 1e-6;
const largestSane = 1e8;

/**
 * Cost of each type, so that the cheapest packing has as few fields as the values allow, and prefers wide integers. One
 * f64 costs more than two f32, because two floats often look like a double, but half a double seldom like a float.
 */
const costs: readonly [FieldType, number][] = [
  ["f32", 1],
  ["f64", 2.5],
  ["i16", 1.01],
  ["u8", 1.1],
];

/**
 * Proposes fields for payloads of one length: floats where every payload holds a plausible one, else integers of 16
 * bits, else of 8. Names are `field1` and so on.
 *
 * @param payloads the packed fields of frames, without header and checksum, all of one length of at least 1 byte
 */
export function guessPacking(payloads: readonly Uint8Array[]): Field[] {
  const length = payloads[0].length;
  const views = payloads.map(({ buffer, byteOffset }) => new DataView(buffer, byteOffset, length));
  /** Cheapest packing from each offset to the end, computed from the end (dynamic programming), [length + 1]. */
  const cheapest: { cost: number; type: FieldType }[] = new Array(length + 1);
  cheapest[length] = { cost: 0, type: "u8" };
  for (let at = length - 1; at >= 0; at--) {
    let best = { cost: Number.POSITIVE_INFINITY, type: "u8" as FieldType };
    for (const [type, cost] of costs) {
      const after = at + fieldBytes[type];
      if (after > length || !mayBe(type, views, at)) continue;
      const whole = cost + cheapest[after].cost;
      if (whole < best.cost) best = { cost: whole, type };
    }
    cheapest[at] = best;
  }
  const fields: Field[] = [];
  for (let at = 0; at < length; at += fieldBytes[fields[fields.length - 1].type]) {
    const { type } = cheapest[at];
    fields.push({
      name: `field${fields.length + 1}`,
      type: type === "i16" ? signedOrNot(views, at) : type,
      scale: 1,
      offset: 0,
    });
  }
  return fields;
}

function mayBe(type: FieldType, views: readonly DataView[], at: number): boolean {
  if (type !== "f32" && type !== "f64") return true;
  let hasValue = false;
  for (const view of views) {
    const size = Math.abs(type === "f32" ? view.getFloat32(at, true) : view.getFloat64(at, true));
    if (size === 0) continue;
    if (!(size >= smallestSane && size <= largestSane)) return false;
    hasValue = true;
  }
  // If all are zero, any type would fit.
  return hasValue;
}

/** Chooses the type with the narrower range of values: the wrong one jumps from end to end. */
function signedOrNot(views: readonly DataView[], at: number): FieldType {
  const signed = views.map((view) => view.getInt16(at, true));
  const unsigned = views.map((view) => view.getUint16(at, true));
  return rangeOf(unsigned) < rangeOf(signed) ? "u16" : "i16";
}

function rangeOf(values: readonly number[]): number {
  let minimum = Number.POSITIVE_INFINITY;
  let maximum = Number.NEGATIVE_INFINITY;
  for (const value of values) {
    minimum = Math.min(minimum, value);
    maximum = Math.max(maximum, value);
  }
  return maximum - minimum;
}
