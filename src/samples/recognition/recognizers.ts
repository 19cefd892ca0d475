/** The recognizer of each framing. Separate from the framings themselves, so that the daemon does not load it. */
import { cobs } from "../decoding/cobs.ts";
import type { FramingName } from "../framings/framings.ts";
import { slipStuffing } from "../framings/slip.ts";
import { recognizeBinary } from "./binary-stream.ts";
import { recognizeBlocks, recognizeFormat } from "./block-stream.ts";
import { recognizeFrames } from "./frame-stream.ts";
import { recognizeLines } from "./line-stream.ts";
import type { Recognizer } from "./recognized-stream.ts";

/** Tried in this order: a checksum proves more than digits do. */
export const recognizers: Record<FramingName, Recognizer> = {
  frames: (bytes) => recognizeFrames(bytes, "frames", cobs),
  slip: (bytes) => recognizeFrames(bytes, "slip", slipStuffing),
  "ve-direct": (bytes, startsAtLine) => recognizeFormat(bytes, "ve-direct", startsAtLine),
  p1: (bytes, startsAtLine) => recognizeFormat(bytes, "p1", startsAtLine),
  nmea: (bytes, startsAtLine) => recognizeFormat(bytes, "nmea", startsAtLine),
  teleplot: (bytes, startsAtLine) => recognizeFormat(bytes, "teleplot", startsAtLine),
  lines: recognizeLines,
  blocks: recognizeBlocks,
  binary: recognizeBinary,
};
