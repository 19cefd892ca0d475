/** Why a frame is refused. */
import type { RefusalReason } from "./refusals.ts";
import type { Stuffing } from "./stuffing.ts";

export const refusedStuffing = 0;
export const refusedLength = 1;
export const refusedChecksum = 2;
export const refusedType = 3;
export const refusedNotFinite = 4;

/** The reasons, by the numbers above. */
export function frameReasons(stuffing: Stuffing, expectedBytes: number, crcBytes: number): RefusalReason[] {
  const delimiter = stuffing.delimiter.toString(16).padStart(2, "0");
  return [
    {
      name: "stuffing",
      words: "with damaged stuffing",
      what: `bytes between two delimiters (${delimiter}) that are no ${stuffing.name}`,
    },
    {
      name: "wrongLength",
      words: "of another length",
      what: `bytes that are not a frame of ${expectedBytes} bytes, as source.fields has it,`,
    },
    {
      name: "checksum",
      words: "with a wrong checksum",
      what: `a frame whose CRC-${8 * crcBytes} does not match`,
    },
    { name: "type", words: "of another type", what: "a frame that is not a sample, maybe an echoed reply" },
    {
      name: "notFinite",
      words: "with a value that is not finite",
      what: "a frame with a value that is not finite",
    },
  ];
}
