/** Why a line is refused. */
import type { RefusalReason } from "./refusals.ts";

export const refusedColumns = 0;
export const refusedNumber = 1;
export const refusedLength = 2;
export const refusedNotFinite = 3;
export const refusedReply = 4;

/** The reasons, by the numbers above, for lines of so many fields and at most so many bytes. */
export function lineReasons(fields: number, longestBytes: number): RefusalReason[] {
  const columns = fields === 1 ? "the one column" : `the ${fields} columns`;
  return [
    {
      name: "wrongColumns",
      words: "with other columns",
      what: `a line that does not have ${columns} of source.fields`,
    },
    {
      name: "notNumber",
      words: "with a value that is no number",
      what: "a line with a value that is no number",
    },
    {
      name: "tooLong",
      words: "too long",
      what: `a line of more than ${longestBytes} bytes, or bytes without a line end`,
    },
    {
      name: "notFinite",
      words: "with a value that is not finite",
      what: "a line with a value that is not finite",
    },
    { name: "reply", words: "echoed by the device", what: "a reply that the device echoed" },
  ];
}
