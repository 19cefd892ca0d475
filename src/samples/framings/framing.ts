/** Describes a framing in one value: all about it except its recognizer, which the daemon never needs. */
import type { Setting, SettingsOf } from "../../setting.ts";
import type { Decoder } from "../decoding/decoder.ts";
import type { Field } from "../decoding/fields.ts";
import type { Contradiction } from "../decoding/lines.ts";
import type { OnRefused } from "../decoding/refusals.ts";
import type { ReplyEncoder } from "../decoding/replies.ts";
import type { SampleRing } from "../ring.ts";

/** What a decoder must know about the source of its bytes. */
export interface DecoderOptions {
  /** The stream begins where a line or a frame begins, as that of a pipe does; reading a port begins anywhere. */
  startsAtLine: boolean;
  /** Replies are sent to the device, so an echoed reply must not be read as a sample. */
  refuseReplies: boolean;
  /** Pass on samples with values that are not finite; otherwise they are rejected. */
  passNonFinite: boolean;
  /** Receives the first frame or line that is refused for each reason. */
  onRefused?: OnRefused;
  /** Receives a header of text that names some of the fields and lacks others. */
  onContradiction?: (contradiction: Contradiction) => void;
  /** Names of all columns of a line by place, `_` for one that nobody wants. Default: the fields. */
  columns?: readonly string[];
  /** The values of the framing's `details`, with every default; null where it has none. */
  details?: Readonly<Record<string, unknown>> | null;
}

/** What an encoder of replies must know. */
export interface ReplyOptions {
  /** A class is predicted, not a number. */
  ofClasses: boolean;
  /** The words of the classes, for replies as text; the list may grow. Default: none, classes are numbers. */
  classNames?: readonly string[];
}

/** How samples are sent as bytes. `Settings`: its keys in the config, beside `framing`. */
export interface Framing<Settings extends object = object> {
  /** One line about it, for the reference of the config. */
  readonly title: string;
  /** Its keys in the config. A key of the same name in two framings must be the same setting. */
  readonly settings: SettingsOf<Settings>;
  /** Its keys where the config describes it by a map: `framing: { binary: { start: [0x42, 0x4d] } }`. */
  readonly details?: FramingSettingsTable;
  /** Word for the unit that carries one sample, for messages. */
  readonly unit: "frames" | "lines" | "blocks";
  /** Fields are packed in binary, so the config must name the type of each. */
  readonly isBinary: boolean;
  /** Each frame has the milliseconds of the device in its header. Default false. */
  readonly hasClock?: boolean;
  /** The byte that ends a frame or line. It may be repeated. */
  readonly delimiter: number;
  /**
   * Creates a decoder of samples with these fields into the ring. @throws RivuletError when ring or settings do not fit
   */
  createDecoder(fields: readonly Field[], ring: SampleRing, options: DecoderOptions & Settings): Decoder;
  /** Creates an encoder of replies to the device. */
  createReplyEncoder(options: ReplyOptions & Settings): ReplyEncoder;
}

/** The settings of any framing, as the config reads them. */
export type FramingSettingsTable = Readonly<Record<string, Setting>>;
