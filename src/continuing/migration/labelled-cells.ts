/** Copies numbers from an array to one of another shape, where every axis has a name for each of its places. */

/** What each place of an axis is called; an empty name is of a place without a meaning, such as padding. */
export type Axis = readonly string[];

export type Numbers = Float32Array | Float64Array;

/** The axes of an array in the learner before and in the new one, row-major. */
export interface Layout {
  from: readonly Axis[];
  to: readonly Axis[];
}

/** The names 0, 1, 2, ... of an axis that stays as it is. */
export const numbered = (length: number): Axis => Array.from({ length }, (_, index) => `#${index}`);

/** An axis with places without a meaning, up to a length. */
export const padded = (axis: Axis, length: number): Axis => [
  ...axis,
  ...Array<string>(Math.max(0, length - axis.length)).fill(""),
];

const sizeOf = (axes: readonly Axis[]) => axes.reduce((size, { length }) => size * length, 1);

/** Whether two arrays have the sizes that a layout says. */
export const fits = ({ from, to }: Layout, before: Numbers, fresh: Numbers): boolean =>
  before.length === sizeOf(from) && fresh.length === sizeOf(to);

/**
 * The numbers of the new array: those of `before` where all names of a place are known there, else what `fresh` has, or
 * what `isNew` says of the place: for each axis whether its name is new, and the place along each.
 */
export function carryCells<Kind extends Numbers>(
  before: Kind,
  fresh: Kind,
  { from, to }: Layout,
  newValue: (isNew: readonly boolean[], place: readonly number[], value: number) => number = (_, __, value) =>
    value,
): Kind {
  const sources = to.map((axis, which) => {
    const known = new Map(from[which].map((name, index) => [name, index]));
    return axis.map((name) => (name === "" ? -1 : (known.get(name) ?? -1)));
  });
  const carried = fresh.slice() as Kind;
  const place = to.map(() => 0);
  for (let cell = 0; cell < carried.length; cell++) {
    let rest = cell;
    for (let axis = to.length - 1; axis >= 0; axis--) {
      place[axis] = rest % to[axis].length;
      rest = Math.floor(rest / to[axis].length);
    }
    let at = 0;
    for (let axis = 0; axis < to.length && at >= 0; axis++) {
      const source = sources[axis][place[axis]];
      at = source < 0 ? -1 : at * from[axis].length + source;
    }
    if (at >= 0) carried[cell] = before[at];
    else {
      const isNew = sources.map((source, axis) => source[place[axis]] < 0);
      carried[cell] = newValue(isNew, place, fresh[cell]);
    }
  }
  return carried;
}
