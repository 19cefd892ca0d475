/**
 * A key of the config as plain data: for parts that know what one of their keys may hold, and must not import the config.
 * The config makes its schema, its help and its reference from it.
 */
import { parseTimeSpan } from "./wording/quantities.ts";

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

/** A list without repetitions: of columns, of steps in rows or time, or of a few words. It has no default. */
export interface ListSetting {
  title: string;
  default: readonly [];
  list: "columns" | "steps" | readonly string[];
  /** What an empty list stands for, where it may be left out. */
  otherwise?: string;
}

/** A number of rows, a time with its unit, or one of a few words. */
export interface StepSetting {
  title: string;
  default: number | string;
  /** The smallest number of rows. */
  step: 0 | 1;
  words?: readonly string[];
}

export type Setting = NumberSetting | ChoiceSetting | TextSetting | BytesSetting | ListSetting | StepSetting;

/** For each key of `Values`, the setting that may hold it. */
export type SettingsOf<Values> = {
  readonly [Key in keyof Values]: Values[Key] extends readonly unknown[]
    ? ListSetting
    : Values[Key] extends string | number
      ? [number, string] extends [Values[Key], Values[Key]]
        ? StepSetting
        : number extends Values[Key]
          ? NumberSetting
          : ChoiceSetting<Values[Key]>
      : never;
};

const longestText = 64;
const mostBytes = 4096;

/** What a setting may hold, for an error: `a whole number of at least 1`, `16 or 32`. */
export function settingText(setting: Setting): string {
  if ("list" in setting) {
    if (setting.list === "columns") return "a list of different columns";
    if (setting.list === "steps") return "a list of different numbers of rows, or times such as 1d";
    return `a list of ${setting.list.join(", ")}`;
  }
  if ("step" in setting) {
    const words = setting.words === undefined ? "" : `, or ${setting.words.join(", ")}`;
    return `a whole number of at least ${setting.step}, a time such as 10s${words}`;
  }
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
  if ("list" in setting) return isListOf(setting, value);
  if ("step" in setting)
    return isStep(value, setting.step) || (setting.words ?? []).includes(value as string);
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

/** Longest list, and most rows of a step. */
const longestList = 1024;
const mostSteps = 2 ** 31;

function isListOf({ list }: ListSetting, value: unknown): boolean {
  if (!Array.isArray(value) || value.length === 0 || value.length > longestList) return false;
  if (new Set(value).size !== value.length) return false;
  if (list === "columns") return value.every((item) => typeof item === "string" && item !== "");
  if (list === "steps") return value.every((item) => isStep(item, 1));
  return value.every((item) => list.includes(item));
}

/** Whether a value is a number of rows, or a time with its unit. */
function isStep(value: unknown, least: number): boolean {
  if (typeof value === "string") return (parseTimeSpan(value) ?? 0) > 0;
  return Number.isInteger(value) && Number(value) >= least && Number(value) <= mostSteps;
}
