/** Which place of a ring the next row takes, and how old the rows in the places are. */
import { float32, float64 } from "../engine/running/arena.ts";
import { type Check, finite, type Numbers, parts, wholeWithin } from "../state-check.ts";

/**
 * The order of the rows in a ring. Its places are filled from the first one on. Places are returned as int32 (`| 0`): steps
 * from a float64, which they are stored as, would be converted to an index again and again.
 */
export interface RowOrder {
  /** Rows that count: the newest. */
  readonly live: number;
  /** Place of the row that is `age` rows older than the newest. */
  placeOf(age: number): number;
  /**
   * Writes the places of the rows that count to `stretches` [4]: from [0] to before [1], then from [2] to before [3].
   * Allocates nothing.
   */
  writeStretches(stretches: Uint32Array): void;
  /** Takes a place for a new row, perhaps that of another. Allocates nothing. */
  take(): number;
  /** Excludes all rows but the newest `count`, where rows can be excluded. */
  keepNewest(count: number): void;
  /** At most `most` rows from now on: `kept` of them lie in the first places, the oldest first. */
  limit(most: number, kept: number): void;
  /** All of it that changes, and what its numbers may be. */
  arrays(): Record<string, Numbers>;
  checks(): Record<string, Check>;
}

const at = { next: 0, filled: 1, live: 2 } as const;

/** What is wrong with a ring's places: they must lie within its rows. */
function faultOfPlace(place: ArrayLike<number>, rows: number): string | null {
  const [next, filled, live] = Array.from(place);
  const areWhole = Array.from(place).every((number) => Number.isSafeInteger(number) && number >= 0);
  const fits = areWhole && live <= filled && filled <= rows && next < Math.max(1, rows);
  if (fits && (filled === rows || next === filled)) return null;
  return `the next of ${filled} rows, of which ${live} count, is to go to place ${next} of ${rows}`;
}

/** The latest rows: a new one takes the place of the oldest. */
export class LatestRows implements RowOrder {
  /** [3]: where the next row goes, places that hold one, rows that count. */
  readonly #place: Float64Array;
  #most: number;

  static blocks = () => ({ place: float64(3) });

  constructor(rows: number, { place }: { place: Float64Array }) {
    this.#most = rows;
    this.#place = place;
  }

  get live(): number {
    return this.#place[at.live];
  }

  placeOf(age: number): number {
    const place = this.#place[at.next] - 1 - age;
    return (place < 0 ? place + this.#most : place) | 0;
  }

  writeStretches(stretches: Uint32Array): void {
    const next = this.#place[at.next];
    const filled = this.#place[at.filled];
    const excluded = filled - this.#place[at.live];
    stretches[0] = 0;
    stretches[1] = filled;
    stretches[2] = 0;
    stretches[3] = 0;
    if (excluded === 0) return;
    // The oldest row has the place that is next, or the first one while there are free places.
    const oldest = filled < this.#most ? 0 : next;
    const end = oldest + excluded;
    if (end > filled) {
      stretches[0] = end - filled;
      stretches[1] = next;
    } else {
      stretches[1] = oldest;
      stretches[2] = end;
      stretches[3] = filled;
    }
  }

  take(): number {
    const next = this.#place[at.next];
    this.#place[at.next] = next + 1 === this.#most ? 0 : next + 1;
    this.#place[at.filled] = Math.min(this.#place[at.filled] + 1, this.#most);
    this.#place[at.live] = Math.min(this.#place[at.live] + 1, this.#most);
    return next | 0;
  }

  keepNewest(count: number): void {
    this.#place[at.live] = Math.min(this.#place[at.live], count);
  }

  limit(most: number, kept: number): void {
    this.#most = most;
    this.#place[at.next] = most === 0 ? 0 : kept % most;
    this.#place[at.filled] = kept;
    this.#place[at.live] = kept;
  }

  arrays() {
    return { place: this.#place };
  }

  checks() {
    return { place: (place: Numbers) => faultOfPlace(place, this.#most) };
  }
}

/**
 * As many rows of each class as there are: a new one takes the place of the oldest row of the most frequent class, so that
 * a class that was absent for long is still known. All rows count, whatever happens: a class that comes back after long
 * looks like drift.
 */
export class BalancedRows implements RowOrder {
  /** [3]: places that hold a row in [1]; [0] and [2] are unused, as the state has the form of that of `LatestRows`. */
  readonly #place: Float64Array;
  /** [rows]: the places, the oldest row first. */
  readonly #order: Float32Array;
  /** [classes]: rows of each. */
  readonly #counts: Float64Array;
  /** [rows]: the class of the row in each place. */
  readonly #labels: Numbers;
  #most: number;

  static blocks = (rows: number, classes: number) => ({
    place: float64(3),
    order: float32(rows),
    counts: float64(classes),
  });

  constructor(
    rows: number,
    { place, order, counts }: { place: Float64Array; order: Float32Array; counts: Float64Array },
    labels: Numbers,
  ) {
    this.#most = rows;
    this.#place = place;
    this.#order = order;
    this.#counts = counts;
    this.#labels = labels;
  }

  get live(): number {
    return this.#place[at.filled];
  }

  placeOf(age: number): number {
    return this.#order[this.live - 1 - age] | 0;
  }

  writeStretches(stretches: Uint32Array): void {
    stretches.fill(0);
    stretches[1] = this.live;
  }

  take(): number {
    const order = this.#order;
    const { live } = this;
    if (live < this.#most) {
      order[live] = live;
      this.#place[at.filled] = live + 1;
      return live | 0;
    }
    const index = this.#oldestOfMostFrequent();
    const place = order[index];
    for (let i = index + 1; i < live; i++) order[i - 1] = order[i];
    order[live - 1] = place;
    return place | 0;
  }

  /** Index of the oldest row of the most frequent class in the order; of several such classes that of the first. */
  #oldestOfMostFrequent(): number {
    const order = this.#order;
    const counts = this.#counts.fill(0);
    const labels = this.#labels;
    const { live } = this;
    for (let i = 0; i < live; i++) counts[labels[order[i]]]++;
    let most = 0;
    for (let c = 1; c < counts.length; c++) if (counts[c] > counts[most]) most = c;
    let index = 0;
    while (index < live - 1 && labels[order[index]] !== most) index++;
    return index;
  }

  keepNewest(): void {}

  limit(most: number, kept: number): void {
    this.#most = most;
    for (let i = 0; i < kept; i++) this.#order[i] = i;
    this.#place[at.filled] = kept;
  }

  arrays() {
    return { place: this.#place, order: this.#order };
  }

  checks() {
    return {
      place: parts(finite, [[at.filled, wholeWithin(0, this.#most)]]),
      order: wholeWithin(0, Math.max(0, this.#order.length - 1)),
      targets: wholeWithin(0, this.#counts.length - 1),
    };
  }
}
