/** Values that cannot be true, in rows that a command reads from a file: they are looked at as the daemon does. */
import type { Config } from "../config/config.ts";
import { sourceDefaults } from "../config/source-schema.ts";
import { type FieldFaults, faultsText, SampleValidator } from "../samples/sample-validator.ts";
import { formatCount } from "../wording/quantities.ts";

/** What looks at each row in order; a column that the config does not name may have any value. */
export function validatorFor(
  config: Config | null,
  columns: readonly string[],
  target: string,
): SampleValidator {
  const known = new Map(config?.source.fields?.map((field) => [field.name, field]));
  const fields = columns.map((name) => known.get(name) ?? { name });
  return new SampleValidator(fields, config?.source.values ?? sourceDefaults.values, target);
}

/** How many rows were left out, where some were, and what was found of each field, as `name, value` rows. */
export function validationFacts(validator: SampleValidator): [string, string][] {
  const { skipped } = validator;
  const rejected = `${formatCount(skipped, "row")}, for values that cannot be true`;
  return [
    ...(skipped > 0 ? [["rejected", rejected] as [string, string]] : []),
    ...faultFacts(validator.report()),
  ];
}

/** What was found of each field, as `name, value` rows. */
export function faultFacts(faults: readonly FieldFaults[]): [string, string][] {
  return faults.map((of, index) => [index === 0 ? "faults" : "", `${of.field} ${faultsText(of)}`]);
}
