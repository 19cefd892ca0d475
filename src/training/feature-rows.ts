/** Rows of features as a dataset, for training and evaluation over files. */
import type { PrequentialLearner } from "../learner/prequential-learner.ts";
import type { Dataset, RowVisitor } from "./dataset.ts";
import { finiteValidatorFor, type RowValidator } from "./usable-rows.ts";

/**
 * The rows that a learner learns from: those of the dataset, or, where features need the past, what comes out of them. Each
 * reading begins with the past that the learner has now.
 */
export function rowsOfFeatures(
  learner: PrequentialLearner,
  dataset: Dataset,
  createValidator?: () => RowValidator,
): { dataset: Dataset; createValidator?: () => RowValidator } {
  const { extraction } = learner;
  if (extraction === null) return { dataset, createValidator };
  const { fields } = learner.describe();
  const before = structuredClone(extraction.state());
  const rows: Dataset = {
    name: dataset.name,
    unit: dataset.unit,
    correctable: false,
    live: dataset.live,
    async read(columns, onRow) {
      const places = columns.map((name) => extraction.columns.indexOf(name));
      const row = new Float64Array(columns.length);
      const validator = createValidator?.() ?? finiteValidatorFor(learner);
      extraction.restore(before);
      let made = 0;
      const take: RowVisitor = (values, offset, place, times, timeAt) => {
        if (!validator.validate(values, offset)) return;
        if (!extraction.push(values, offset, times, timeAt)) return;
        for (let i = 0; i < places.length; i++) row[i] = extraction.row[places[i]];
        made++;
        onRow(row, 0, place);
      };
      extraction.setWallClock(0);
      const read = await dataset.read(fields, take, {
        onEvent: (event) => {
          if (event.kind === "clock") extraction.setWallClock(event.ahead, event.earliest);
        },
      });
      return { ...read, rows: made };
    },
  };
  return { dataset: rows };
}
