/** Which columns brought numbers that cannot be true, how many, and the first of each. */

import type { ColumnStatistic } from "../features/column-statistic.ts";
import { restoreBlock } from "../features/restore.ts";
import type { State, Stateful } from "../state.ts";
import { parts, sampled, whole } from "../state-check.ts";

/** The numbers of a field that cannot be true. */
export interface Glitch {
  field: string;
  count: number;
  /** The first of them, and the number of its sample, counted from 1. */
  value: number;
  sample: number;
  /** Range of the field's other numbers so far. */
  lowest: number;
  highest: number;
}

/** Columns that one statistic judges. */
interface JudgedColumns {
  statistic: ColumnStatistic;
  fields: readonly string[];
}

const rows = { count: 0, value: 1, sample: 2 } as const;
const rowCount = 3;

/**
 * Counts the numbers that column statistics left out. The features have one statistic, a target that is a number has
 * another.
 */
export class Glitches implements Stateful {
  /** Fields that have had one: more than before where there is news. */
  fieldCount = 0;
  readonly #judged: readonly JudgedColumns[];
  /** Glitches of each statistic that are counted here. */
  readonly #totals: Float64Array;
  /** [3, fields]: count, value and sample of the first. */
  readonly #block: Float64Array;
  readonly #fields: number;

  constructor(judged: readonly JudgedColumns[]) {
    this.#judged = judged;
    this.#fields = judged.reduce((sum, { fields }) => sum + fields.length, 0);
    this.#totals = new Float64Array(judged.length);
    this.#block = new Float64Array(rowCount * this.#fields);
  }

  /**
   * To be called when statistic `which` has learned the numbers at `offset` of `values`, of the sample with this number.
   * Allocates nothing.
   */
  observe(which: number, values: Float64Array, offset: number, sample: number): void {
    const { statistic, fields } = this.#judged[which];
    if (statistic.glitchTotal === this.#totals[which]) return;
    this.#totals[which] = statistic.glitchTotal;
    const block = this.#block;
    const start = which === 0 ? 0 : this.#judged[0].fields.length;
    for (let column = 0; column < fields.length; column++) {
      const at = start + column;
      const count = statistic.glitches(column);
      if (block[at] === 0 && count > 0) {
        const place = statistic.glitchAmongFirst(column);
        const isAmongFirst = place >= 0;
        block[rows.value * this.#fields + at] = isAmongFirst
          ? statistic.firstNumber(column, place)
          : values[offset + column];
        block[rows.sample * this.#fields + at] = isAmongFirst ? sample - 31 + place : sample;
        this.fieldCount++;
      }
      block[at] = count;
    }
  }

  /** The fields that have had one, in the order of the columns, the target last. */
  report(): Glitch[] {
    const block = this.#block;
    let at = 0;
    return this.#judged.flatMap(({ statistic, fields }) =>
      fields.flatMap((field, column) => {
        const own = at++;
        if (block[own] === 0) return [];
        return {
          field,
          count: block[own],
          value: block[rows.value * this.#fields + own],
          sample: block[rows.sample * this.#fields + own],
          lowest: statistic.lowest(column),
          highest: statistic.highest(column),
        };
      }),
    );
  }

  state(): State {
    return this.#block;
  }

  /** Restores the counts; the statistics have theirs back by then. */
  restore(state: State): void {
    restoreBlock(this.#block, state, "glitches", parts(whole, [[[this.#fields, 2 * this.#fields], sampled]]));
    this.fieldCount = this.#block.subarray(0, this.#fields).reduce((sum, count) => sum + Math.sign(count), 0);
    for (const [which, { statistic }] of this.#judged.entries()) this.#totals[which] = statistic.glitchTotal;
  }
}

/** A range to declare for a field: that of its other numbers, widened by its width on both sides, in round numbers. */
export function rangeFor({ lowest, highest }: Pick<Glitch, "lowest" | "highest">): [number, number] {
  const width = highest > lowest ? highest - lowest : Math.max(1, Math.abs(lowest));
  const unit = 10 ** Math.floor(Math.log10(width));
  const round = (value: number) => Number((value * unit).toPrecision(12));
  return [round(Math.floor((lowest - width) / unit)), round(Math.ceil((highest + width) / unit))];
}

/** What a field's first number that cannot be true was, and what can be done about others like it. */
export function glitchText(glitch: Glitch): string {
  const { field, value, sample, lowest, highest } = glitch;
  const [low, high] = rangeFor(glitch);
  const seen = `${Number(lowest.toPrecision(6))} to ${Number(highest.toPrecision(6))}`;
  return `${field} is ${value} in sample ${sample}, far outside ${seen}, where its other values lie: taken as missing, and so is each like it unless 16 follow one another; set range: [${low}, ${high}] for ${field}, or what its sensor can measure`;
}
