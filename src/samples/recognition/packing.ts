/** How the fields of a frame may be packed. The bytes alone do not tell, so this is a guess, and says so to the user. */
import { type Field, type FieldType, fieldBytes } from "../decoding/fields.ts";

/** Sensors that are read in sensible units stay between these; four other bytes read as a float seldom do. */
const smallestSane = 1e-6;
const largestSane = 1e8;

/**
 * How much each type costs: as few fields as the values allow, wide integers before narrow ones. One f64 costs more
 * than two f32, because two floats often pass for a double, while half of a double seldom passes for a float.
 */
const costs: readonly [FieldType, number][] = [
  ["f32", 1],
  ["f64", 2.5],
  ["i16", 1.01],
  ["u8", 1.1],
];

/**
 * Proposes fields for payloads of one length: floats where every payload holds a sane one, else integers of 16 bits,
 * else of 8. Names are `field1` and so on.
 *
 * @param payloads the packed fields of frames, without header and checksum, all of one length of at least 1 byte
 */
export function guessPacking(payloads: readonly Uint8Array[]): Field[] {
  const length = payloads[0].length;
  const views = payloads.map(({ buffer, byteOffset }) => new DataView(buffer, byteOffset, length));
  /** The cheapest way from each offset to the end, found from behind, [length + 1]. */
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
  // Zeros throughout would be as good as anything.
  return hasValue;
}

/** Of two readings, the one with the narrower range: a wrong one jumps from end to end. */
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
