import { readSync, writeSync } from "node:fs";
import { RivuletError } from "../../errors/errors.ts";
import { findByDevice, findByPath, type PortFinder } from "../ports/port-finder.ts";
import type { UsbDevice } from "../ports/port-survey.ts";
import { describeOpenFailure, PortError } from "../ports/ports.ts";
import { steadyClock } from "./clock.ts";
import { BackOff, type ReopenOptions, StateReporter } from "./reopening.ts";
import { type BindingPort, loadBindings } from "./serial-bindings.ts";
import { chunkBytes, type Receive, type Source, type SourceCounts } from "./source.ts";

export interface SerialCounts extends SourceCounts {
  /** Attempts to open the port that failed. */
  failures: number;
  /** Looks for bytes, and these attempts. */
  looks: number;
}

/** A source with a way back to the device. */
export interface SerialSource extends Source {
  readonly counts: Readonly<SerialCounts>;
  write(bytes: Uint8Array, end?: number): boolean;
}

export interface SerialOptions extends ReopenOptions {
  /**
   * Device file, or a device on USB whose port is looked for at each opening. A device file on USB is remembered as the
   * device that it was when it was first opened, is found again under another name, and no other device is opened in
   * its place.
   */
  port: string | UsbDevice;
  /** Bits per second. */
  baudRate: number;
  /**
   * What a port means that cannot be opened at first: `false` (default) an error of `open`; `true` that it is waited
   * for as if it had gone away, unless it could never be opened (it is no serial port).
   */
  waitForPort?: boolean;
  /**
   * How long bytes may wait in the kernel before they are read, and a slice of training with them. Default 20 ms: at
   * 4 Mbaud that is 8 kB, and the kernel holds 18 kB. Longer saves wake-ups.
   */
  readEveryMs?: number;
  /**
   * Without a byte for so long the port is closed and opened again: some USB adapters, once unplugged, never say so.
   * Default: no limit.
   */
  silenceMs?: number;
  /** Called before the first bytes of every connection but the first: the place for `decoder.reset()`. */
  onReconnect?: () => void;
  /** Stands for "/" where a machine says what its ports are; another folder for tests. */
  root?: string;
}

/**
 * After so many bytes in one read there is probably more, or soon will be. More than 0.8 Mbaud bring in 20 ms: to look
 * again for nothing costs an error with its stack.
 */
const largeReadBytes = 2048;
/** Bytes that may wait here to be sent. A device that does not read them is not going to. */
const largestBacklogBytes = 4096;
/**
 * What is written must be able to leave within so long at the baud rate, or it is dropped: the kernel would keep some
 * thousand bytes waiting, and an answer that comes seconds late is worse than none.
 */
const longestQueueMs = 250;
/** A byte takes ten bits; a tenth of the line stays free, so that clocks which differ never make the queue grow. */
const bytesPerBit = 0.09;
/** Time for sent bytes to leave, for the rest to be thrown away, and for the kernel to let a port go, each. */
const farewellMs = 500;

/**
 * A serial port as a source. It is reopened for as long as the source lives, and every connection starts with empty
 * queues: a command that was not sent before the port vanished is never sent late.
 *
 * The bindings of `serialport` open, configure and lock; its streams and parsers, which are not used here, would take
 * several megabytes more. Reading is done here, on a timer and straight from the descriptor. The reader of
 * the bindings wakes up for every few bytes (measured for 384 frames a second: 4.1 % of a core, against 1.3 % here),
 * and makes garbage with each. And when a device is unplugged just as it reads, it takes the empty reads that follow
 * for nothing and spins for ever.
 *
 * So is writing, at once and straight to the descriptor. What the kernel does not take waits in a buffer of fixed size
 * for the timer, so a device that does not read costs neither memory nor time.
 *
 * `open` throws a `PortError` whose sentence says what stands in the way: which ports there are, which group may
 * use this one, that another program holds it.
 */
export function createSerialSource(options: SerialOptions): SerialSource {
  const { port, baudRate, silenceMs, readEveryMs = 20, reopenAfterMs, reopenCeilingMs, root = "/" } = options;
  if (port === "")
    throw new RivuletError(
      "argument.bad-value",
      "the path of the serial port is empty: name a port such as /dev/ttyACM0",
    );
  const finder = typeof port === "string" ? findByPath(port, root) : findByDevice(port, root);
  if (!Number.isInteger(baudRate) || baudRate < 1) {
    throw new RivuletError(
      "argument.bad-value",
      `the baud rate of ${finder.name} is ${baudRate}: give a whole number such as 115200`,
    );
  }
  for (const [name, milliseconds] of Object.entries({
    readEveryMs,
    reopenAfterMs,
    reopenCeilingMs,
    silenceMs,
  })) {
    if (milliseconds !== undefined && !(milliseconds > 0)) {
      throw new RivuletError(
        "argument.bad-value",
        `${name} of ${finder.name} is ${milliseconds}: give a time above 0 milliseconds`,
      );
    }
  }
  return new PortSource(finder, { ...options, readEveryMs });
}

type CompleteOptions = SerialOptions & Required<Pick<SerialOptions, "readEveryMs">>;

/** An open port: what the bindings gave, and how much is on its way to the device. */
interface Port {
  readonly path: string;
  readonly binding: BindingPort;
  /** Of `outgoing`, what the kernel has not taken yet. */
  waitingBytes: number;
  hasWritten: boolean;
}

class PortSource implements SerialSource {
  readonly counts = { bytes: 0, opens: 0, failures: 0, losses: 0, looks: 0, droppedWrites: 0 };
  readonly #finder: PortFinder;
  readonly #options: CompleteOptions;
  #receive: Receive = () => {};
  #port: Port | undefined;
  /** The attempt under way, so that close() can wait for it. */
  #attempt: Promise<void> | undefined;
  /** Ends once the port turned away from is closed. Until then it holds the lock, also against its successor. */
  #closed: Promise<void> = Promise.resolve();
  readonly #backOff: BackOff;
  readonly #reporter: StateReporter;
  readonly #buffer = Buffer.alloc(chunkBytes);
  readonly #outgoing = Buffer.alloc(largestBacklogBytes);
  /** Bytes that a UART at the baud rate has not sent yet, and when that was so. In an array, or they would be boxed. */
  readonly #queue = new Float64Array(2);
  #readTimer: NodeJS.Timeout | undefined;
  #reopenTimer: NodeJS.Timeout | undefined;
  #silenceTimer: NodeJS.Timeout | undefined;
  #closing: Promise<void> | undefined;
  #started = false;
  /** No byte came since this connection began. */
  #isQuiet = true;

  constructor(finder: PortFinder, options: CompleteOptions) {
    this.#finder = finder;
    this.#options = options;
    this.#backOff = new BackOff(options);
    this.#reporter = new StateReporter(options);
  }

  async open(receive: Receive): Promise<void> {
    const { waitForPort } = this.#options;
    const { name } = this.#finder;
    if (this.#started || this.#closing !== undefined) throw new Error(`${name} can be opened once only`);
    this.#started = true;
    this.#receive = receive;
    this.#reporter.tell("opening", "", `opening ${name}`);
    this.#attempt = this.#connect();
    try {
      await this.#attempt;
    } catch (error) {
      if (!(error instanceof PortError) || !waitForPort || error.kind === "unsuitable") {
        this.#reporter.tell("closed", "", `${name} stays closed`);
        throw error;
      }
      this.#waitFor(error);
    }
  }

  write(bytes: Uint8Array, end = bytes.length): boolean {
    const port = this.#port;
    if (port === undefined || port.waitingBytes + end > largestBacklogBytes || !this.#queueTakes(end)) {
      this.counts.droppedWrites++;
      return false;
    }
    port.hasWritten = true;
    const sent = port.waitingBytes > 0 ? 0 : this.#send(port, bytes, end);
    // Copied, because the bytes wait while the caller may reuse its buffer.
    for (let at = sent; at < end; at++) this.#outgoing[port.waitingBytes++] = bytes[at];
    if (port === this.#port) return true;
    this.counts.droppedWrites++;
    return false;
  }

  /** Whether the line has time for so many bytes more; takes them into account where it has. */
  #queueTakes(bytes: number): boolean {
    const queue = this.#queue;
    const { baudRate } = this.#options;
    const now = steadyClock.now();
    const bytesPerMs = (bytesPerBit * baudRate) / 1000;
    queue[0] = Math.max(0, queue[0] - (now - queue[1]) * bytesPerMs);
    queue[1] = now;
    // An idle line takes any one message, however slow it is.
    if (queue[0] > 0 && queue[0] + bytes > longestQueueMs * bytesPerMs) return false;
    queue[0] += bytes;
    return true;
  }

  /** Gives how many bytes the kernel took: fewer, even none, while it has more than it can send. */
  #send(port: Port, bytes: Uint8Array, end: number): number {
    const descriptor = descriptorOf(port.binding);
    if (descriptor === undefined) return 0;
    try {
      return writeSync(descriptor, bytes, 0, end);
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      if (code === "EAGAIN" || code === "EINTR") return 0;
      this.#lose(port, `failed (${message})`);
      return end;
    }
  }

  #sendWaiting(port: Port): void {
    const sent = this.#send(port, this.#outgoing, port.waitingBytes);
    this.#outgoing.copyWithin(0, sent, port.waitingBytes);
    port.waitingBytes -= sent;
  }

  close(): Promise<void> {
    this.#closing ??= this.#shutDown();
    return this.#closing;
  }

  async #shutDown(): Promise<void> {
    clearTimeout(this.#reopenTimer);
    await this.#attempt?.catch(() => {});
    const port = this.#port;
    this.#forget();
    if (port !== undefined) {
      await this.#sendLast(port);
      this.#closed = letGo(port, true);
    }
    await within(3 * farewellMs, this.#closed);
    if (this.#reporter.state !== "closed")
      this.#reporter.tell("closed", "", `${nameOf(port) ?? this.#finder.name} is closed`);
  }

  /** Gives what waits to the kernel, as far as that takes it within a short time. */
  async #sendLast(port: Port): Promise<void> {
    const { readEveryMs } = this.#options;
    for (let waitedMs = 0; port.waitingBytes > 0 && waitedMs < farewellMs; waitedMs += readEveryMs) {
      await new Promise((resolve) => setTimeout(resolve, readEveryMs));
      this.#sendWaiting(port);
    }
  }

  /** One attempt to open the port. @throws PortError */
  async #connect(): Promise<void> {
    const { baudRate, root } = this.#options;
    const bindings = await loadBindings();
    let path: string | undefined;
    let binding: BindingPort;
    try {
      path = this.#finder.find();
      binding = await bindings.open({ path, baudRate });
    } catch (failure) {
      this.counts.failures++;
      this.counts.looks++;
      throw path === undefined ? failure : await describeOpenFailure(path, failure, root);
    }
    this.#finder.opened(path);
    this.#port = { path, binding, waitingBytes: 0, hasWritten: false };
    this.#queue.fill(0);
    this.#isQuiet = true;
    this.counts.opens++;
    if (this.counts.opens > 1) this.#options.onReconnect?.();
    this.#watchSilence();
    this.#readTimer = setInterval(this.#read, this.#options.readEveryMs);
    // A port that was silent says nothing new by being open again; its first byte does.
    if (this.#reporter.state !== "silent") this.#tellOpen();
  }

  /** Hands on what the kernel has, at most one buffer at a time so that others get their turn. */
  readonly #read = (): void => {
    if (this.#port !== undefined && this.#port.waitingBytes > 0) this.#sendWaiting(this.#port);
    const port = this.#port;
    const descriptor = port && descriptorOf(port.binding);
    if (port === undefined || descriptor === undefined) return;
    this.counts.looks++;
    let bytes: number;
    try {
      bytes = readSync(descriptor, this.#buffer, 0, chunkBytes, null);
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      if (code !== "EAGAIN" && code !== "EINTR") this.#lose(port, `vanished (${message})`);
      return;
    }
    // A port that is there either has bytes or says EAGAIN.
    if (bytes === 0) {
      this.#lose(port, "vanished");
      return;
    }
    if (bytes >= largeReadBytes) setImmediate(this.#read);
    this.#hand(bytes);
  };

  #hand(bytes: number): void {
    this.counts.bytes += bytes;
    this.#silenceTimer?.refresh();
    if (this.#isQuiet) {
      this.#isQuiet = false;
      this.#backOff.reset();
      if (this.#reporter.state === "silent") this.#tellOpen();
    }
    this.#receive(this.#buffer, bytes);
  }

  #lose(port: Port, fault: string): void {
    if (port !== this.#port) return;
    this.#forget();
    this.counts.losses++;
    this.#closed = letGo(port, false);
    this.#reporter.tell("waiting", "lost", `${nameOf(port)} ${fault}: it is opened again once it is back`);
    this.#reopenLater();
  }

  #watchSilence(): void {
    const { silenceMs } = this.#options;
    if (silenceMs === undefined) return;
    this.#silenceTimer = setTimeout(() => {
      const port = this.#port;
      if (port === undefined) return;
      this.#forget();
      this.counts.losses++;
      this.#reporter.tell(
        "silent",
        "",
        `no byte from ${nameOf(port)} for ${silenceMs / 1000} s: it is opened again`,
      );
      this.#closed = letGo(port, false);
      this.#reopenLater();
    }, silenceMs);
  }

  /** Turns away from a port: from now on nothing it says counts. */
  #forget(): void {
    clearTimeout(this.#silenceTimer);
    clearInterval(this.#readTimer);
    this.#port = undefined;
  }

  #reopenLater(): void {
    if (this.#closing !== undefined) return;
    this.#reopenTimer = setTimeout(async () => {
      await this.#closed;
      if (this.#closing !== undefined) return;
      this.#attempt = this.#connect().catch((error: Error) => this.#waitFor(error));
    }, this.#backOff.next());
  }

  #waitFor(error: Error): void {
    const kind = error instanceof PortError ? error.kind : "failing";
    // What a lost port says first is that it is missing: that is the loss told already.
    if (!(this.#reporter.reason === "lost" && kind === "missing")) {
      this.#reporter.tell("waiting", kind, `${error.message}; trying again until it opens`);
    }
    this.#reopenLater();
  }

  #tellOpen(): void {
    const port = this.#port;
    const finder = this.#finder;
    const name = nameOf(port);
    const found = name === finder.name ? "" : `: it is ${finder.device}`;
    this.#reporter.tell("open", "", `${name} is open at ${this.#options.baudRate} baud${found}`);
  }
}

/** The open file descriptor of a port, which the bindings of POSIX systems have. */
function descriptorOf(binding: BindingPort & { fd?: number | null }): number | undefined {
  return binding.fd ?? undefined;
}

function nameOf(port: Port | undefined): string | undefined {
  return port && `the serial port ${port.path}`;
}

/**
 * Closes a port without ever failing. Closing a UART waits until all that was written has left, for ever if the other
 * side holds it back: so it is thrown away first, where `isPatient` after a short time in which it may leave.
 */
async function letGo({ binding, hasWritten }: Port, isPatient: boolean): Promise<void> {
  if (!binding.isOpen) return;
  if (hasWritten) {
    if (isPatient) await within(farewellMs, binding.drain());
    await within(farewellMs, binding.flush());
  }
  // It fails only where the descriptor is gone already.
  await binding.close().catch(() => {});
}

/** Resolves when the work is done or has failed, or else after so many milliseconds. */
function within(milliseconds: number, work: Promise<void>): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, milliseconds);
    const done = () => {
      clearTimeout(timer);
      resolve();
    };
    work.then(done, done);
  });
}
