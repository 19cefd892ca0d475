/**
 * A key of the config as plain data: for parts that know what one of their keys may hold, and must not import the config.
 * The config makes its schema, its help and its reference from it.
 */

/** A number in a range. */
export interface NumberSetting {
  title: string;
  default: number;
  /** The smallest allowed value. */
  minimum?: number;
  /** The value must be larger than this. */
  above?: number;
  /** The largest allowed value. */
  maximum?: number;
  /** Only whole numbers are allowed. Default: false. */
  whole?: boolean;
  unit?: string;
}

/** One of a few values. */
export interface ChoiceSetting<Value extends string | number = string | number> {
  title: string;
  default: Value;
  choices: readonly Value[];
  unit?: string;
}

/** Any text, also an empty one. */
export interface TextSetting {
  title: string;
  default: string;
  text: true;
}

/** A list of bytes, or of other small whole numbers. */
export interface BytesSetting {
  title: string;
  default: readonly number[];
  bytes: true;
  /** The largest of them that is allowed. */
  most: number;
}

export type Setting = NumberSetting | ChoiceSetting | TextSetting | BytesSetting;

/** For each key of `Values`, the setting that may hold it. */
export type SettingsOf<Values> = {
  readonly [Key in keyof Values]: Values[Key] extends string | number
    ? number extends Values[Key]
      ? NumberSetting
      : ChoiceSetting<Values[Key]>
    : never;
};

const longestText = 64;
const mostBytes = 4096;

/** What a setting may hold, for an error: `a whole number of at least 1`, `16 or 32`. */
export function settingText(setting: Setting): string {
  if ("text" in setting) return "a text";
  if ("bytes" in setting) return `a list of whole numbers from 0 to ${setting.most}`;
  if ("choices" in setting) {
    const { choices } = setting;
    return choices.length > 2 ? `one of ${choices.join(", ")}` : choices.join(" or ");
  }
  const { minimum, above, maximum, whole, unit } = setting;
  const kind = `${whole ? "a whole number" : "a number"}${unit === undefined ? "" : ` of ${unit}`}`;
  if (minimum !== undefined && maximum !== undefined) return `${kind} from ${minimum} to ${maximum}`;
  if (minimum !== undefined) return `${kind} of at least ${minimum}`;
  const parts = [
    ...(above === undefined ? [] : [`above ${above}`]),
    ...(maximum === undefined ? [] : [`at most ${maximum}`]),
  ];
  return [kind, parts.join(" and ")].filter(Boolean).join(" ");
}

/** Whether a setting may hold `value`. */
export function isAllowed(setting: Setting, value: unknown): boolean {
  if ("text" in setting) return typeof value === "string" && value.length <= longestText;
  if ("bytes" in setting) {
    const isByte = (item: unknown) =>
      Number.isInteger(item) && Number(item) >= 0 && Number(item) <= setting.most;
    return Array.isArray(value) && value.length <= mostBytes && value.every(isByte);
  }
  if ("choices" in setting) return (setting.choices as readonly unknown[]).includes(value);
  const { minimum, above, maximum, whole = false } = setting;
  return (
    typeof value === "number" &&
    Number.isFinite(value) &&
    (!whole || Number.isInteger(value)) &&
    !(minimum !== undefined && value < minimum) &&
    !(above !== undefined && value <= above) &&
    !(maximum !== undefined && value > maximum)
  );
}
