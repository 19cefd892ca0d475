/** Invalid values in rows that a command reads from a file: they are treated as the daemon treats them. */
import type { Config } from "../../config/config.ts";
import { sourceDefaults } from "../../config/source-schema.ts";
import { type FieldFaults, faultsText, SampleValidator } from "../../samples/sample-validator.ts";
import type { DatasetRead } from "../../training/dataset.ts";
import { formatCount } from "../../wording/quantities.ts";
import { safe } from "../../wording/safe.ts";
import type { Fact } from "../terminal/text-table.ts";

/**
 * A validator by the config's ranges and policies; a column that the config does not name may have any value.
 * @param mayLackTarget a row without its target passes; default false: it is left out
 */
export function validatorFor(
  config: Config | null,
  columns: readonly string[],
  target: string,
  { mayLackTarget = false } = {},
): SampleValidator {
  const known = new Map(config?.source.fields?.map((field) => [field.name, field]));
  const fields = columns.map((name) => ({
    ...(known.get(name) ?? { name }),
    optional: mayLackTarget && name === target,
  }));
  return new SampleValidator(fields, config?.source.values ?? sourceDefaults.values, target);
}

/** Creates validators for readings of the same rows, and keeps the last: after a whole reading it has seen every row. */
export class Validators {
  #last: SampleValidator;
  readonly #create: () => SampleValidator;

  constructor(config: Config | null, columns: readonly string[], target: string) {
    this.#create = () => validatorFor(config, columns, target);
    this.#last = this.#create();
  }

  readonly create = (): SampleValidator => {
    this.#last = this.#create();
    return this.#last;
  };

  /** What the last reading found in each field. */
  faults(): FieldFaults[] {
    return this.#last.report();
  }
}

/** How many rows were left out, if any, and what was found in each field, as `name, value` rows. */
export function validationFacts(rejected: number, faults: readonly FieldFaults[]): Fact[] {
  return [
    rejected === 0 ? null : ["rejected", `${formatCount(rejected, "row")}, for values that cannot be true`],
    ...faultFacts(faults),
  ];
}

/** What was found in each field, as `name, value` rows. */
export function faultFacts(faults: readonly FieldFaults[]): Fact[] {
  return faults.map((of, index) => [index === 0 ? "faults" : "", `${of.field} ${faultsText(of)}`]);
}

/** How many lines of a text could not be read, the first of each reason, whether the last is cut off, and what is in doubt. */
export function damageFacts({
  damaged = 0,
  refused = [],
  cutOff = 0,
  doubts = [],
}: Omit<DatasetRead, "rows">): Fact[] {
  const lines = `${formatCount(damaged, "line")} that cannot be read, left out`;
  return [
    damaged === 0 || refused.length > 0
      ? null
      : ["damaged", `${formatCount(damaged, "stretch", "stretches")} of the recording, left out`],
    ...refused.map(
      (text, index): Fact => [index === 0 ? "damaged" : "", index === 0 ? `${lines}: ${text}` : text],
    ),
    cutOff === 0 ? null : ["cut off", "the last line, left out"],
    ...doubts.map((text): Fact => ["unsure", safe(text)]),
  ];
}
