/** The interface of a kind of source: one value describes it, from its keys in the config to how it is opened. */
import type * as v from "valibot";
import type { Decoder } from "../../samples/decoding/decoder.ts";
import type { DecimalMark } from "../../samples/decoding/delimited-lines.ts";
import type { Field } from "../../samples/decoding/fields.ts";
import type { UsbDevice } from "../../samples/ports/port-survey.ts";
import type { SampleRing } from "../../samples/ring.ts";
import type { Source, SourceState } from "../../samples/sources/source.ts";
import type { ConfigErrors } from "../config-errors.ts";
import type { KeyPath } from "../document.ts";

/** How a source behaves while its device is not available. */
export interface ReconnectOptions {
  /**
   * Wait for a serial port that is missing, not permitted or in use at the start; default: throw an error. A network
   * connection is always waited for.
   */
  waitForPort?: boolean;
  /** Longest delay between two attempts to open it, in ms. */
  reopenCeilingMs?: number;
}

/** What a source needs to be opened. */
export interface OpeningOptions extends ReconnectOptions {
  fields: readonly Field[];
  /** Where its samples go. */
  ring: SampleRing;
  /** Time without a byte after which it is opened again; undefined: never. */
  silenceMs?: number;
  /** Is called at each change of state, with a sentence for the log. */
  onState: (state: SourceState, sentence: string) => void;
  /** The names of all columns of a line of text by place, `_` for one that is not wanted; undefined: all are. */
  columns?: readonly string[];
  /** The mark before decimals in text; null: as the separator shows. */
  decimal: DecimalMark;
  /** Creates the decoder that the source's framing names. */
  createDecoder: () => Decoder;
  /** Whether a file holds bytes as a device sends them, by that framing, rather than text or a recording. */
  isFramed: boolean;
  /** The byte that ends a frame or line of that framing. */
  delimiter: number;
}

/** A source that is ready to be opened, and the decoder of its bytes. */
export interface PreparedSource {
  source: Source;
  decoder: Decoder;
}

/** A kind of source. `Written`: its value in the config once parsed; `Value`: the same with all defaults. */
export interface SourceKind<Written = unknown, Value = Written> {
  /** What it is, in one line for help and reference. */
  readonly title: string;
  /** The value of `source.NAME`. */
  readonly schema: v.GenericSchema<unknown, Written>;
  /** Keys of that value that are texts even where YAML reads a number. */
  readonly verbatim?: readonly string[];
  /** Who sends the samples, for sentences: the `port`, the `peer`. */
  readonly sender: string;
  /** An example of the key with a value, for sentences: `serial: { path: /dev/ttyUSB0 }`. */
  readonly example: string;
  /** What the events of the log call it. */
  readonly event: "port" | "source";
  /** It is a device that sends on its own: it can be opened again after silence, and merged with others. */
  readonly isDevice: boolean;
  /** Replies can be sent back through it. */
  readonly canReply: boolean;
  /** It can wait until there is room for its samples, so nothing is dropped. */
  readonly canWait: boolean;
  /** It holds samples, not bytes as a device sends them: framing and rate do not apply. */
  readonly holdsSamples: boolean;
  /** Its stream begins where a line or a frame begins. */
  readonly startsAtLine: boolean;
  /** A service needs the network before it starts. */
  readonly usesNetwork: boolean;
  /** Reports keys that contradict or need each other; `path` is that of the value. */
  check?(written: Written, path: KeyPath, errors: ConfigErrors): void;
  /** Fills in the defaults. Relative paths start at the folder of the config `file`. */
  complete(written: Written, file: string): Value;
  /** Returns where the samples come from, in words. */
  place(value: Value): string;
  /** The serial port that it opens, for the checks of the machine; absent where there is none. */
  port?(value: Value): string | UsbDevice;
}

/**
 * Allocates a source and its decoder, without opening it. Separate from the kind, so that a command that only reads a
 * config does not load it.
 * @throws RivuletError where the machine does not support the value
 */
export type PrepareSource<Value> = (value: Value, options: OpeningOptions) => PreparedSource;
