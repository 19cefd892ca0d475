/** What may be written for the options of a layer, a loss, an optimizer: one check each, which says what it needs. */
import { alternatives } from "../../wording/alternatives.ts";

/** Says what it needs where the value does not fit, else null. */
export type Check = (value: unknown) => string | null;

/** What an option must be, and what it sets, as help and reference say it. */
export type Option = Check & { readonly title: string };

/** An option with its check and its meaning, without a full stop. */
export const option = (title: string, check: Check): Option =>
  Object.assign((value: unknown) => check(value), { title });

/** Names of the options of a plain value such as `{ type: "dense", outputs: 16 }`. */
export type OptionOf<Value> = Exclude<keyof Value, "type"> & string;

/** How the values of one kind are written in configs and checkpoints. */
export interface Written<Value> {
  /** What it is, in one line for help and reference. */
  title: string;
  /** What each option sets and must be. An option that is missing here does not compile. */
  options: { readonly [Name in OptionOf<Value>]-?: Option };
  /** The option that may be written without its name: `{ dense: 16 }`. */
  alone?: OptionOf<Value>;
  /** Options that have no default. */
  needs?: readonly OptionOf<Value>[];
  /** Makes the value of the options that were written; left out where the kind's function takes them as they are. */
  // biome-ignore lint/suspicious/noExplicitAny: the options have been checked against `options`
  read?(options: any): Value;
}

export const number =
  (needs: string, fits: (value: number) => boolean): Check =>
  (value) =>
    typeof value === "number" && Number.isFinite(value) && fits(value) ? null : needs;

export const wholePositive = number("a whole number of 1 or more", (x) => Number.isInteger(x) && x >= 1);
export const wholeNotNegative = number("a whole number of 0 or more", (x) => Number.isInteger(x) && x >= 0);
export const positive = number("a number above 0", (x) => x > 0);
export const notNegative = number("a number of 0 or more", (x) => x >= 0);
/** From 0 up to, but not including, 1. */
export const fraction = number("a number from 0 up to, but not including, 1", (x) => x >= 0 && x < 1);
/** Above 0, up to 1. */
export const share = number("a number above 0, up to 1", (x) => x > 0 && x <= 1);
export const upToOne = number("a number from 0 to 1", (x) => x >= 0 && x <= 1);
/** Between 0 and 1, neither of them. */
export const decay = number("a number above 0 and below 1", (x) => x > 0 && x < 1);

export const flag: Check = (value) => (typeof value === "boolean" ? null : "true or false");

export const oneOf =
  (...choices: string[]): Check =>
  (value) =>
    choices.includes(value as string) ? null : alternatives(choices.map((choice) => `"${choice}"`));

/** A number that stands for both axes, or one for each. */
export const pairOf =
  (check: Check): Check =>
  (value) => {
    const needs = check(Array.isArray(value) && value.length === 2 ? value[0] : value);
    const second = Array.isArray(value) && value.length === 2 ? check(value[1]) : null;
    return needs || second ? `${check(null)}, or two of them as [height, width]` : null;
  };

/** Which parameters of a layer are not trained. */
export const frozen = option(
  "Parameters that are not trained: all of them, or those of these names",
  (value) =>
    typeof value === "boolean" || (Array.isArray(value) && value.every((name) => typeof name === "string"))
      ? null
      : "true, or a list of parameters such as [weight]",
);

/** One weight for each class. */
export const weights: Check = (value) =>
  Array.isArray(value) && value.length > 0 && value.every((weight) => !notNegative(weight))
    ? null
    : "a list of numbers of 0 or more, one a class";
