import { cobs } from "../decoding/cobs.ts";
import { packedFraming } from "./packed.ts";

/** The framing of devices/firmware/rivulet.h. */
export const frames = packedFraming(
  "Packed frames with a checksum, stuffed by COBS, ended by a zero byte",
  cobs,
);
