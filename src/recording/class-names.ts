/** The names of the classes in a recording, and the numbers that these classes have for its reader. */
import type { Field } from "../samples/decoding/fields.ts";

/** A column whose classes have names: those that a stream brings are appended, up to the most there may be. */
export type NamedColumn = Pick<Field, "name" | "classes" | "mostClasses">;

/** Stands for the name of a class that was in a damaged part of the recording. */
export const lostName = "";

/** Translates the classes of one column of a recording into those of its reader, by name. */
export class ClassTranslation {
  readonly #recorded: readonly string[];
  readonly #names: string[];
  readonly #most: number;
  /** The reader's number of each class that was met so far. */
  readonly #numbers: number[] = [];

  /**
   * @param recorded the names in the recording
   * @param column what its reader calls them
   */
  constructor(recorded: readonly string[], { classes = [], mostClasses = classes.length }: NamedColumn) {
    this.#recorded = recorded;
    this.#names = classes;
    this.#most = mostClasses;
  }

  /** Returns the reader's number of a recorded class: -1 where it knows none of that name. */
  read(recorded: number): number {
    // Missing, unknown, or no class at all.
    if (!(Number.isInteger(recorded) && recorded >= 0)) return recorded;
    const name = this.#recorded[recorded] ?? lostName;
    if (name === lostName) return -1;
    this.#numbers[recorded] ??= this.#find(name);
    return this.#numbers[recorded];
  }

  #find(name: string): number {
    const lower = name.toLowerCase();
    const place = this.#names.findIndex((known) => known.toLowerCase() === lower);
    if (place >= 0 || this.#names.length >= this.#most) return place;
    return this.#names.push(name) - 1;
  }
}

/** The translation of each column of a recording; null for one that is read as it is. */
export function translationsOf(
  columns: readonly string[],
  fields: readonly Field[],
  wanted: readonly NamedColumn[],
): (ClassTranslation | null)[] {
  return columns.map((column) => {
    const recorded = fields.find(({ name }) => name === column)?.classes;
    const reader = wanted.find(({ name, classes }) => name === column && classes !== undefined);
    return recorded === undefined || reader === undefined ? null : new ClassTranslation(recorded, reader);
  });
}

/** Notices the names of classes that a stream brings while it is recorded. Allocates only where there is one. */
export class NewClasses {
  readonly #columns: readonly NamedColumn[];
  readonly #known: Uint32Array;

  constructor(fields: readonly NamedColumn[]) {
    this.#columns = fields.filter(({ classes, mostClasses = 0 }) => classes && classes.length < mostClasses);
    this.#known = Uint32Array.from(this.#columns, ({ classes }) => classes?.length ?? 0);
  }

  /** Whether the stream may bring any. */
  get arePossible(): boolean {
    return this.#columns.length > 0;
  }

  report(onClass: (field: string, name: string, number: number) => void): void {
    for (let i = 0; i < this.#known.length; i++) {
      const { name, classes = [] } = this.#columns[i];
      while (this.#known[i] < classes.length) {
        const number = this.#known[i]++;
        onClass(name, classes[number], number);
      }
    }
  }
}
