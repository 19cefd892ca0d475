/** What a framing is: one value that says everything about it but how it is recognized, which the daemon never needs. */
import type { Setting, SettingsOf } from "../../setting.ts";
import type { Decoder } from "../decoding/decoder.ts";
import type { Field } from "../decoding/fields.ts";
import type { ReplyEncoder } from "../decoding/replies.ts";
import type { SampleRing } from "../ring.ts";

/** What the source says of the bytes that a decoder is to read. */
export interface DecoderOptions {
  /** The stream begins where a line or a frame begins, as that of a pipe does; a port is joined in the middle. */
  startsAtLine: boolean;
  /** The device is sent replies, so that one which comes back on a wire that loops is no sample. */
  refuseReplies: boolean;
  /** Pass on samples with values that are not finite; otherwise they are rejected. */
  passNonFinite: boolean;
}

/** How samples travel as bytes. `Settings`: its keys in the config, beside `framing`. */
export interface Framing<Settings extends object = object> {
  /** What it is, in one line for the reference of the config. */
  readonly title: string;
  /** Its keys in the config. A key of the same name in two framings must be the same setting. */
  readonly settings: SettingsOf<Settings>;
  /** What one sample travels as, for sentences. */
  readonly unit: "frames" | "lines";
  /** Fields are packed in binary, so the config must name the type of each. */
  readonly isBinary: boolean;
  /** The byte that ends a frame or line. One more of it is harmless. */
  readonly delimiter: number;
  /** Creates a decoder of samples of these fields into the ring. @throws RivuletError where ring or settings do not fit */
  createDecoder(fields: readonly Field[], ring: SampleRing, options: DecoderOptions & Settings): Decoder;
  /** Creates an encoder of replies to the device. `ofClasses`: a class is predicted, not a number. */
  createReplyEncoder(options: { ofClasses: boolean } & Settings): ReplyEncoder;
}

/** The settings of any framing, as the config walks over them. */
export type FramingSettingsTable = Readonly<Record<string, Setting>>;
