/** What the cells of a column show of its times that a single one may not: date or time of day, and the order of a date. */
import { type PointedClock, partOfClock, pointedByName } from "./clock-text.ts";
import type { Field } from "./fields.ts";

/** What a column of times as text holds, as far as its cells show it. */
export interface ClockLook {
  /** Which part of the time it is, where it is not the whole. */
  part?: PointedClock;
  /** Which number of its dates comes first. */
  dateOrder?: "day-first" | "month-first";
}

/** Share of the cells that must agree, as one may be damaged. */
const almostAll = 0.9;

const shortDate = /^(\d{1,2})[-/.](\d{1,2})[-/.](?:\d{4}|\d{2})(?!\d)/;
const pointedText = /^(\d{1,2})\.(\d{2})\.(\d{2})$/;

/** Looks at the cells of a column of clocks. */
export function lookAtClock(name: string, cells: readonly string[]): ClockLook {
  const texts = cells.map((cell) => cell.trim()).filter((text) => text !== "");
  const pointed = texts.flatMap((text) => {
    const numbers = pointedText.exec(text);
    return numbers === null ? [] : [numbers.slice(1).map(Number)];
  });
  const isPointed = pointed.length >= almostAll * texts.length;
  const part = isPointed ? partOfPointed(name, pointed) : partOfClock(texts[0]);
  const dateOrder = part === "time of day" ? null : dateOrderIn(texts);
  return { ...(part && { part }), ...(dateOrder && { dateOrder }) };
}

/** Whether texts such as 18.05.10 are dates or times of day. Dates with points begin with the day. */
function partOfPointed(name: string, texts: readonly number[][]): PointedClock {
  const share = (fits: (numbers: number[]) => boolean) => texts.filter(fits).length / texts.length;
  const areDates = share(([day, month]) => day >= 1 && day <= 31 && month >= 1 && month <= 12) >= almostAll;
  const areTimes = share(([hour, minute, second]) => hour <= 24 && minute < 60 && second <= 60) >= almostAll;
  if (areDates !== areTimes) return areDates ? "date" : "time of day";
  const named = pointedByName(name);
  if (named !== null) return named;
  // Many rows have the date of the one before, and the year of all.
  const isSame = (one: number[], other: number[]) => one.every((number, place) => number === other[place]);
  const repeated = texts.filter((numbers, index) => index > 0 && isSame(numbers, texts[index - 1])).length;
  const isYear = texts.every(([, , third]) => third === texts[0][2]);
  return isYear && 2 * repeated > texts.length ? "date" : "time of day";
}

function dateOrderIn(texts: readonly string[]): ClockLook["dateOrder"] | null {
  let [dayFirst, monthFirst] = [0, 0];
  for (const text of texts) {
    const numbers = shortDate.exec(text);
    if (numbers === null) continue;
    const [first, second] = numbers.slice(1).map(Number);
    if (first > 12 && first <= 31 && second <= 12) dayFirst++;
    if (second > 12 && second <= 31 && first <= 12) monthFirst++;
  }
  if (dayFirst + monthFirst === 0) return null;
  if (dayFirst >= almostAll * (dayFirst + monthFirst)) return "day-first";
  return monthFirst >= almostAll * (dayFirst + monthFirst) ? "month-first" : null;
}

/** The field of a clock with what its column shows, where the config does not say it. */
export function asSeen(field: Field, look: ClockLook | undefined): Field {
  if (field.isTime !== true || look === undefined) return field;
  const order = field.dateOrder === undefined || field.dateOrder === "auto" ? look.dateOrder : undefined;
  return {
    ...field,
    ...(look.part && { pointed: look.part }),
    ...(order && { dateOrder: order }),
  };
}
