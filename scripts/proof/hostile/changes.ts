/** Single changes of a checkpoint: of every leaf, by values that no learner writes there. */

type Place = (string | number)[];
type Parent = { [key: string]: unknown };

/** A change of one leaf. */
export interface Change<T> {
  /** Where, and what: `learnerState.parts[2].draws[0] := -1`. */
  name: string;
  /** Returns a changed copy. */
  of(whole: T): T;
}

const isArray = (value: unknown): value is Float32Array | Float64Array =>
  value instanceof Float32Array || value instanceof Float64Array;

/** Every leaf of a checkpoint: scalars, texts and arrays of numbers; empty lists and maps count as leaves. */
export function leavesOf(value: unknown, place: Place = []): Place[] {
  if (typeof value !== "object" || value === null || isArray(value)) return [place];
  const entries = Array.isArray(value) ? [...value.entries()] : Object.entries(value);
  if (entries.length === 0) return [place];
  return entries.flatMap(([key, inner]) => leavesOf(inner, [...place, key]));
}

const missing = Symbol("missing");

/** What a scalar becomes. */
const scalars: [string, unknown][] = [
  ["nothing", null],
  ["a text", "x"],
  ["a list", []],
  ["a map", {}],
  ["-1", -1],
  ["half", 0.5],
  ["NaN", Number.NaN],
  ["infinite", Number.POSITIVE_INFINITY],
  ["huge", 1e300],
  ["a billion", 1e9],
  ["the last count", Number.MAX_SAFE_INTEGER],
  ["numbers", new Float64Array(3)],
  ["absent", missing],
];

type Numbers = Float32Array | Float64Array;
const filled = (numbers: Numbers, value: number) => numbers.slice().fill(value);
const withOne = (numbers: Numbers, at: number, value: number) => {
  const copy = numbers.slice();
  copy[at] = value;
  return copy;
};
const longer = (numbers: Numbers) => {
  const copy =
    isArray(numbers) && numbers instanceof Float32Array
      ? new Float32Array(numbers.length + 1)
      : new Float64Array(numbers.length + 1);
  copy.set(numbers);
  return copy;
};

/** What an array of numbers becomes; those of single numbers change each of some 8 places in turn. */
const arrays: [string, (numbers: Numbers) => unknown][] = [
  ["nothing", () => null],
  ["a text", () => "x"],
  ["a list", () => []],
  ["shorter", (numbers) => numbers.slice(1)],
  ["longer", longer],
  [
    "of the other type",
    (numbers) => (numbers instanceof Float32Array ? Float64Array.from(numbers) : Float32Array.from(numbers)),
  ],
  ["all 0", (numbers) => filled(numbers, 0)],
  ["all NaN", (numbers) => filled(numbers, Number.NaN)],
  ["all -1", (numbers) => filled(numbers, -1)],
  ["all huge", (numbers) => filled(numbers, 1e300)],
  ["all large", (numbers) => filled(numbers, 1e30)],
  ["all near the end of float32", (numbers) => filled(numbers, 3e38)],
  ["negated", (numbers) => numbers.map((number) => -number)],
  ["absent", () => missing],
];
const singles: [string, number][] = [
  ["NaN", Number.NaN],
  ["infinite", Number.POSITIVE_INFINITY],
  ["-1", -1],
  ["huge", 1e300],
  ["a million and a half", 1_000_000.5],
];
const mostPlaces = 8;

/** All changes of a checkpoint, or another document. */
export function changesOf<T extends object>(whole: T): Change<T>[] {
  return leavesOf(whole).flatMap((place) => {
    const value = place.reduce<unknown>((parent, key) => (parent as Parent)[key], whole);
    if (!isArray(value)) return scalars.map(([name, to]) => changeOf<T>(place, name, () => to));
    const step = Math.max(1, Math.floor(value.length / mostPlaces));
    const places = Array.from({ length: value.length }, (_, at) => at).filter((at) => at % step === 0);
    return [
      ...arrays.map(([name, to]) => changeOf<T>(place, name, (numbers) => to(numbers as Numbers))),
      ...places.flatMap((at) =>
        singles.map(([name, number]) =>
          changeOf<T>(place, `${name} at ${at}`, (numbers) => withOne(numbers as Numbers, at, number)),
        ),
      ),
    ];
  });
}

function changeOf<T>(place: Place, name: string, to: (value: unknown) => unknown): Change<T> {
  const path = place.map((key) => (typeof key === "number" ? `[${key}]` : `.${key}`)).join("");
  return {
    name: `${path.slice(1)} := ${name}`,
    of: (whole) => changed(whole, place, to) as T,
  };
}

/** A copy along the way to the place; all else is shared. */
function changed(value: unknown, [key, ...rest]: Place, to: (value: unknown) => unknown): unknown {
  if (key === undefined) return to(value);
  const copy = (Array.isArray(value) ? [...value] : { ...(value as object) }) as Parent;
  const inner = changed(copy[key], rest, to);
  if (inner !== missing) copy[key] = inner;
  else if (Array.isArray(copy)) copy.splice(Number(key), 1);
  else delete copy[key];
  return copy;
}
