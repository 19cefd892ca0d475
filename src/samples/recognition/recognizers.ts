/** The recognizer of each framing. Separate from the framings themselves, so that the daemon does not load it. */
import { cobs } from "../decoding/cobs.ts";
import type { FramingName } from "../framings/framings.ts";
import { slipStuffing } from "../framings/slip.ts";
import { recognizeFrames } from "./frame-stream.ts";
import { recognizeLines } from "./line-stream.ts";
import type { Recognizer } from "./recognized-stream.ts";

/** Tried in this order: a checksum proves more than digits do. */
export const recognizers: Record<FramingName, Recognizer> = {
  frames: (bytes) => recognizeFrames(bytes, "frames", cobs),
  slip: (bytes) => recognizeFrames(bytes, "slip", slipStuffing),
  lines: recognizeLines,
};
