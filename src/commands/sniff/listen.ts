/** Collects bytes for `rivulet sniff`: from a port at several baud rates, or from a file. */
import { createReadStream, readSync } from "node:fs";
import { stat } from "node:fs/promises";
import type { Readable } from "node:stream";
import { RivuletError } from "../../errors/errors.ts";
import { reasonOf } from "../../errors/system-error.ts";
import { describeOpenFailure } from "../../samples/ports/ports.ts";
import { printableShare, type Recognition, recognize, scoreOf } from "../../samples/recognition/recognize.ts";
import { readBytes } from "../../samples/sources/file-bytes.ts";
import { refuseForeignFormat } from "../../samples/sources/file-format.ts";
import { asUtf8 } from "../../samples/sources/file-text.ts";
import { type BindingPort, loadBindings } from "../../samples/sources/serial-bindings.ts";

/** The bytes received, and what was recognized in them. */
export interface Heard {
  bytes: Uint8Array;
  recognition: Recognition;
  /** Baud rate at which they were received; null for a file. */
  baudRate: number | null;
  /** Seconds between the first and the last bytes; null for a file. */
  seconds: number | null;
}

/** Most bytes that are used: what a fast port sends in ten seconds. */
const mostBytes = 1 << 20;
/** Interval of reading: the kernel's buffer holds 18 kB, which is 45 ms at 4 Mbaud. */
const readEveryMs = 10;
/** Interval of recognizing, which takes some milliseconds. */
const lookEveryMs = 250;
/** Time that is enough to reject a wrong rate, unless the device sends little. */
const probeMs = 1250;
const probeBytes = 200;
/**
 * Score at which no other rate must be tried: half of the lines or frames are good, while none is at a wrong rate.
 */
const convincing = 0.75;
/** Share of printable bytes that also proves the rate, if there are more than a few bytes. */
const convincingPrint = 0.95;
const fewestPrinted = 24;

/**
 * Listens to a port at one baud rate after the other until its stream is recognized, then to the end of `seconds`. The
 * port stays open meanwhile, because reopening it would reset many boards.
 *
 * @param tell called with progress messages
 * @throws RivuletError when the port is busy, missing or silent, or the path is not a port
 */
export async function listenToPort(
  path: string,
  baudRates: readonly number[],
  seconds: number,
  tell: (text: string) => void,
): Promise<Heard> {
  const bindings = await loadBindings();
  let port: BindingPort;
  try {
    port = await bindings.open({ path, baudRate: baudRates[0] });
  } catch (failure) {
    throw await describeOpenFailure(path, failure);
  }
  const collector = new Collector(path, port, baudRates[0]);
  try {
    let best: Heard | undefined;
    for (const baudRate of baudRates) {
      tell(`listening to ${path} at ${baudRate} baud`);
      await collector.begin(baudRate);
      const heard = await listenAt(collector, baudRate, seconds, baudRates.length === 1);
      if (heard === null) {
        // A silent device is silent at every rate; after the first bytes it only pauses.
        if (best !== undefined) continue;
        throw new RivuletError(
          "port.silent",
          `the serial port ${path} is silent, no byte came in ${seconds} s; check that the device is running, that ` +
            "its TX is wired to RX, or listen longer with --seconds",
        );
      }
      if (
        best === undefined ||
        scoreOf(heard.recognition, heard.bytes) > scoreOf(best.recognition, best.bytes)
      )
        best = heard;
      if (isConvincing(best.recognition, best.bytes)) break;
    }
    return best as Heard;
  } finally {
    collector.end();
    // It fails only when the device is already unplugged.
    await port.close().catch(() => {});
  }
}

/** Listens until the time is over, or the rate is clearly wrong; returns null when no byte arrived. */
async function listenAt(
  collector: Collector,
  baudRate: number,
  seconds: number,
  isOnly: boolean,
): Promise<Heard | null> {
  const until = performance.now() + 1000 * seconds;
  let probeUntil = Number.POSITIVE_INFINITY;
  for (;;) {
    const now = performance.now();
    if (now >= until || collector.isFull) break;
    await collector.wait(Math.min(lookEveryMs, until - now));
    if (isOnly || collector.length === 0) continue;
    probeUntil = Math.min(probeUntil, performance.now() + probeMs);
    if (performance.now() < probeUntil || collector.length < probeBytes) continue;
    const bytes = collector.bytes();
    if (!isConvincing(recognize(bytes), bytes)) break;
    probeUntil = until;
  }
  if (collector.length === 0) return null;
  const bytes = collector.bytes();
  return { bytes, recognition: recognize(bytes), baudRate, seconds: collector.seconds };
}

/** Whether these bytes were received at the sender's rate. */
function isConvincing(recognition: Recognition, bytes: Uint8Array): boolean {
  if (scoreOf(recognition, bytes) >= convincing) return true;
  return bytes.length >= fewestPrinted && printableShare(bytes) >= convincingPrint;
}

/**
 * Collects what a port sends. It reads the descriptor itself, like the serial source: the reader of the bindings
 * ignores the empty reads of a device that was unplugged during a read, and loops for ever.
 */
class Collector {
  readonly #path: string;
  readonly #port: BindingPort;
  #baudRate: number;
  readonly #kept = new Uint8Array(mostBytes);
  #firstAt = 0;
  #lastAt = 0;
  #fault: RivuletError | undefined;
  #wake = () => {};
  readonly #timer: NodeJS.Timeout;
  length = 0;

  constructor(path: string, port: BindingPort, baudRate: number) {
    this.#path = path;
    this.#port = port;
    this.#baudRate = baudRate;
    this.#timer = setInterval(() => this.#read(), readEveryMs);
  }

  get isFull(): boolean {
    return this.length === mostBytes;
  }

  get seconds(): number {
    return (this.#lastAt - this.#firstAt) / 1000;
  }

  bytes(): Uint8Array {
    return this.#kept.slice(0, this.length);
  }

  /** Discards all bytes and continues at another rate. */
  async begin(baudRate: number): Promise<void> {
    if (this.#baudRate !== baudRate) {
      try {
        await this.#port.update({ baudRate });
        // The bytes in the kernel's buffer were received at the previous rate.
        await this.#port.flush();
      } catch (error) {
        this.#fail((error as Error).message);
      }
      this.#baudRate = baudRate;
    }
    this.length = 0;
  }

  /** @throws RivuletError when the port failed */
  async wait(milliseconds: number): Promise<void> {
    if (this.#fault === undefined) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, milliseconds);
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
    if (this.#fault !== undefined) throw this.#fault;
  }

  /** Stops reading. */
  end(): void {
    clearInterval(this.#timer);
  }

  /** Reads all bytes that the kernel has. */
  #read(): void {
    const { fd } = this.#port as { fd?: number | null };
    const descriptor = fd ?? undefined;
    while (descriptor !== undefined && !this.isFull && this.#fault === undefined) {
      try {
        const bytes = readSync(descriptor, this.#kept, this.length, mostBytes - this.length, null);
        // A connected port either has bytes or fails with EAGAIN.
        if (bytes === 0) {
          this.#fail("it vanished");
          return;
        }
        this.#lastAt = performance.now();
        if (this.length === 0) this.#firstAt = this.#lastAt;
        this.length += bytes;
      } catch (error) {
        const { code, message } = error as NodeJS.ErrnoException;
        if (code !== "EAGAIN" && code !== "EINTR") this.#fail(message);
        return;
      }
    }
  }

  #fail(reason: string): void {
    this.#fault ??= new RivuletError(
      "port.failing",
      `the serial port ${this.#path} failed while reading (${reason}); check the device and its cable`,
    );
    this.#wake();
  }
}

/** Whether a path is read as plain bytes: a file, a pipe, or `-` for standard input. */
export async function isReadable(path: string): Promise<boolean> {
  if (path === "-") return true;
  const found = await stat(path).catch(() => null);
  if (found === null && !path.startsWith("/dev/") && !/^COM\d+$/i.test(path)) {
    throw new RivuletError(
      "port.unsuitable",
      `${path} is neither a file nor a serial port; name a file, a port such as /dev/ttyACM0, or - for standard input`,
    );
  }
  return found !== null && (found.isFile() || found.isFIFO());
}

/** Reads the beginning of a file, or of standard input for `-`, for at most `seconds`. */
export async function readBeginning(path: string, seconds: number): Promise<Heard> {
  const name = path === "-" ? "standard input" : path;
  const isFile = path !== "-" && (await stat(path)).isFile();
  const kept: Uint8Array[] = [];
  const isCut = isFile
    ? await keepBeginning(readBytes(path), kept)
    : await hear(path === "-" ? process.stdin : createReadStream(path), kept, name, seconds);
  const bytes = Buffer.concat(kept);
  if (bytes.length === 0)
    throw new RivuletError("data.empty", `${name} is empty; give a recording of what a device sends`);
  refuseForeignFormat(name, bytes);
  return { bytes, recognition: recognizeFile(bytes, isCut), baudRate: null, seconds: null };
}

/** Keeps chunks, which may be in a buffer that is used again, until there are enough; returns whether more may follow. */
async function keepBeginning(chunks: AsyncIterable<Uint8Array>, kept: Uint8Array[]): Promise<boolean> {
  let length = 0;
  for await (const chunk of chunks) {
    kept.push(Uint8Array.from(chunk));
    length += chunk.length;
    if (length >= mostBytes) return true;
  }
  return false;
}

/** Keeps what comes through a pipe or standard input within `seconds`; returns whether more may follow. */
async function hear(stream: Readable, kept: Uint8Array[], name: string, seconds: number): Promise<boolean> {
  const timer = setTimeout(() => stream.destroy(), 1000 * seconds);
  try {
    return await keepBeginning(stream, kept);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ERR_STREAM_PREMATURE_CLOSE") return true;
    throw new RivuletError("data.unreadable", `${name} cannot be read: ${reasonOf(error)}`);
  } finally {
    clearTimeout(timer);
  }
}

function recognizeFile(bytes: Uint8Array, isCut: boolean): Recognition {
  // The last line of a file may lack its end.
  const ended = (text: Uint8Array) => (isCut ? text : Buffer.concat([text, Uint8Array.of(0x0a)]));
  const found = recognize(ended(bytes), true);
  if (found.framing !== null) return found;
  const text = asUtf8(bytes);
  return text === bytes ? found : recognize(ended(text), true);
}
