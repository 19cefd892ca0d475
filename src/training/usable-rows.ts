/** Which rows of a dataset a learner can use. */
import { RivuletError } from "../errors/errors.ts";
import { largestFloat32 } from "../float32.ts";
import type { PrequentialLearner } from "../learner/prequential-learner.ts";
import type { Dataset } from "./dataset.ts";

/**
 * Looks at rows in order, before anything else does. It may change the values in place, such as clamp them to a range.
 */
export interface RowValidator {
  /** Whether to use the row at `offset` of `values` [fields]; if not, it is left out and counted as rejected. */
  validate(values: Float64Array, offset: number): boolean;
}

/** Whether to use the row at `offset` of `values`. Depends on the rows before it: call it for each row in order. */
export type UsableTest = (values: Float64Array, offset: number) => boolean;

/**
 * The default validator. Finite means: also as float32, in which a network counts.
 * @param optional places of the columns that may be NaN; default: none
 */
export function createFiniteValidator(columns: number, optional: Iterable<number> = []): RowValidator {
  const mayLack = new Uint8Array(columns);
  for (const place of optional) mayLack[place] = 1;
  return { validate: (values, offset) => isFiniteRow(values, offset, columns, mayLack) };
}

/**
 * The default validator of the rows that a learner is given: they may lack what its features replace.
 * @param targetAt index of the target, where it may be missing too; default: it may not
 */
export function finiteValidatorFor(learner: PrequentialLearner, targetAt = -1): RowValidator {
  const { fields } = learner.describe();
  const fills = learner.extraction?.fills ?? [];
  return createFiniteValidator(fields.length, targetAt < 0 ? fills : [...fills, targetAt]);
}

function isFiniteRow(
  values: Float64Array,
  offset: number,
  columns: number,
  mayLack: Uint8Array | null = null,
): boolean {
  for (let column = 0; column < columns; column++) {
    if (mayLack !== null && mayLack[column] === 1 && Number.isNaN(values[offset + column])) continue;
    if (!(Math.abs(values[offset + column]) <= largestFloat32)) return false;
  }
  return true;
}

/** Whether a learner can learn from a row: all values are finite, and a label is one of the classes. */
export function createLearnableTest(learner: PrequentialLearner): UsableTest {
  const { target } = learner.describe();
  const { classes, columns } = learner;
  const labelAt = columns.indexOf(target.column);
  return (values, offset) => {
    if (!isFiniteRow(values, offset, columns.length)) return false;
    const label = values[offset + labelAt];
    return classes === 0 || (label >= 0 && label < classes && Number.isInteger(label));
  };
}

/** The error about a row that a learner cannot learn from, which says where the row is. */
export function unlearnableRow(
  learner: PrequentialLearner,
  dataset: Dataset,
  place: number,
  values: Float64Array,
  offset: number,
): RivuletError {
  const { fields, target } = learner.describe();
  const where = `${dataset.name}, ${dataset.unit} ${place}`;
  if (!isFiniteRow(values, offset, fields.length)) {
    return new RivuletError(
      "data.bad-row",
      `${where}: found a value that is not a finite number; correct it`,
    );
  }
  const label = values[offset + fields.indexOf(target.column)];
  return new RivuletError(
    "data.bad-label",
    `${where}: the label is ${label}, but classes are whole numbers from 0 to ${learner.classes - 1}; correct it, or raise target.classes`,
  );
}

/** How rows are tested in each reading. Rows that nobody can correct are also left out for what a learner refuses. */
export function usableTestsOf(
  learner: PrequentialLearner,
  dataset: Dataset,
  createValidator?: () => RowValidator,
): () => UsableTest {
  const { columns } = learner;
  const isLearnable = createLearnableTest(learner);
  return () => {
    const validator = createValidator?.() ?? createFiniteValidator(columns.length);
    if (dataset.correctable) return (values, offset) => validator.validate(values, offset);
    return (values, offset) => validator.validate(values, offset) && isLearnable(values, offset);
  };
}
