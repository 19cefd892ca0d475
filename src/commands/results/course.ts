/** The course of a daemon's scores as rows of bars. */
import type { HistoryColumns } from "../../status/history.ts";
import { formatShare } from "../../wording/quantities.ts";
import { sparkline } from "../terminal/sparkline.ts";
import type { Fact } from "../terminal/text-table.ts";

const columns = 48;
const names: Record<number, string> = { 10: "last hour", 600: "last 2.5 days", 86400: "last year" };

/** Each ring as a row: the scores of its steps as bars, then their ends in numbers. */
export function courseFacts(course: readonly HistoryColumns[], ofClasses: boolean): Fact[] {
  return course.flatMap(({ step, score }) => {
    const known = score.filter((value) => value !== null);
    if (known.length === 0) return [];
    const text = (value: number) => (ofClasses ? formatShare(value) : String(Number(value.toPrecision(4))));
    const high = ofClasses ? 1 : Math.max(...known, Number.MIN_VALUE);
    const [first, last] = [known[0], known[known.length - 1]];
    const what = ofClasses ? "accuracy" : "mean absolute error";
    return [
      [`${names[step]}`, `${sparkline(known, columns, 0, high)}  ${what} ${text(first)} to ${text(last)}`],
    ];
  });
}
