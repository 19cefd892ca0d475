import { readSync, writeSync } from "node:fs";
import { RivuletError } from "../../errors/errors.ts";
import { findByDevice, findByPath, type PortFinder } from "../ports/port-finder.ts";
import type { UsbDevice } from "../ports/port-survey.ts";
import { describeOpenFailure, PortError } from "../ports/ports.ts";
import { steadyClock } from "./clock.ts";
import { BackOff, type ReopenOptions, StateReporter } from "./reopening.ts";
import { type BindingPort, loadBindings } from "./serial-bindings.ts";
import { chunkBytes, type Receive, type Source, type SourceCounts } from "./source.ts";

/** Counts of a serial source. */
export interface SerialCounts extends SourceCounts {
  /** Failed attempts to open the port. */
  failures: number;
  /** Polls for bytes, and failed attempts to open the port. */
  looks: number;
}

/** A serial port as a source, to which replies can be written. */
export interface SerialSource extends Source {
  readonly counts: Readonly<SerialCounts>;
  write(bytes: Uint8Array, end?: number): boolean;
}

/** Which port to open, and how to read it. */
export interface SerialOptions extends ReopenOptions {
  /**
   * Path of a device file, or a USB device whose port is searched at each opening. A path of a USB device is bound to
   * the device found at the first opening: later that device is found under another name too, and no other device is
   * opened under this path.
   */
  port: string | UsbDevice;
  /** Bits per second. */
  baudRate: number;
  /**
   * What happens if the first attempt to open the port fails. `false` (default): `open` throws. `true`: the source
   * waits for the port as if it had been lost; `open` throws only if the file is not a serial port.
   */
  waitForPort?: boolean;
  /**
   * Interval at which bytes are read from the kernel, in milliseconds; it also bounds a slice of training. Default 20:
   * at 4 Mbaud that is 8 kB, and the kernel's buffer holds 18 kB. A longer interval saves wake-ups.
   */
  readEveryMs?: number;
  /**
   * If no byte arrives for this long, the port is closed and opened again: some USB adapters never report that they
   * were unplugged. While it stays silent, the time doubles with each reopening, up to 10 minutes. Default: no limit.
   */
  silenceMs?: number;
  /** Called before the first bytes of every connection but the first: the place for `decoder.reset()`. */
  onReconnect?: () => void;
  /** Folder used instead of "/" to find out about ports, for tests. */
  root?: string;
}

/**
 * After a read of at least this many bytes the port is read again at once, since more bytes are likely. It is what
 * 0.8 Mbaud send in 20 ms; a smaller limit would often read in vain, which costs an error object with its stack.
 */
const largeReadBytes = 2048;
/** Most bytes that wait here to be sent; a device that leaves this many unread does not read at all. */
const largestBacklogBytes = 4096;
/**
 * A write is discarded if the baud rate cannot send it within this time: the kernel would queue several thousand bytes,
 * and a reply that arrives seconds late is worse than none.
 */
const longestQueueMs = 250;
/** A byte takes ten bits; a tenth of the capacity stays unused, so that differing clocks never make the queue grow. */
const bytesPerBit = 0.09;
/**
 * A device that stays silent is reopened less and less often, at most this far apart: each opening of the binding takes
 * about 1.3 kB of memory that is not given back (measured with serialport 13.0), 190 kB a day at this distance.
 */
const longestSilenceMs = 600_000;
/** Time limit of each step of closing: sending what waits, discarding the rest, releasing the port. */
const closingStepMs = 500;

/**
 * Creates a source that reads a serial port, and reopens it for as long as the source lives. Every connection starts
 * with empty queues: a reply that was not sent before the port was lost is never sent late.
 *
 * The binding of `serialport` opens, configures and locks the port; its streams and parsers, which are not used here,
 * would take several megabytes more. This source reads from the descriptor on a timer. The reader of the binding wakes
 * up for every few bytes (measured for 384 frames a second: 4.1 % of a core, against 1.3 % here), and allocates each
 * time. And if a device is unplugged during a read, that reader ignores the empty reads that follow and loops for ever.
 *
 * Writing goes to the descriptor too, at once. What the kernel does not accept waits in a buffer of fixed size for the
 * timer, so a device that does not read costs neither memory nor time.
 *
 * `open` throws a `PortError` whose sentence says why the port cannot be opened: which ports exist, which group may use
 * it, or that another program holds it.
 *
 * @throws RivuletError `argument.bad-value` when the path is empty, or the baud rate or a time is out of range
 */
export function createSerialSource(options: SerialOptions): SerialSource {
  const { port, baudRate, silenceMs, readEveryMs = 20, reopenAfterMs, reopenCeilingMs, root = "/" } = options;
  if (port === "")
    throw new RivuletError(
      "argument.bad-value",
      "the path of the serial port is empty; name a port such as /dev/ttyACM0",
    );
  const finder = typeof port === "string" ? findByPath(port, root) : findByDevice(port, root);
  if (!Number.isInteger(baudRate) || baudRate < 1) {
    throw new RivuletError(
      "argument.bad-value",
      `the baud rate of ${finder.name} is ${baudRate}; give a whole number such as 115200`,
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
        `${name} of ${finder.name} is ${milliseconds}; give a time above 0 milliseconds`,
      );
    }
  }
  return new PortSource(finder, { ...options, readEveryMs });
}

type CompleteOptions = SerialOptions & Required<Pick<SerialOptions, "readEveryMs">>;

/** An open port, and the bytes that wait to be sent to the device. */
interface Port {
  readonly path: string;
  readonly binding: BindingPort;
  /** Bytes at the start of `#outgoing` that the kernel has not accepted yet. */
  waitingBytes: number;
  hasWritten: boolean;
}

class PortSource implements SerialSource {
  readonly counts = { bytes: 0, opens: 0, failures: 0, losses: 0, looks: 0, droppedWrites: 0 };
  readonly #finder: PortFinder;
  readonly #options: CompleteOptions;
  #receive: Receive = () => {};
  #port: Port | undefined;
  /** The present attempt to open the port, so that close() can wait for it. */
  #attempt: Promise<void> | undefined;
  /** Resolves when the previous port is closed. Until then that port holds the lock, also against the next opening. */
  #closed: Promise<void> = Promise.resolve();
  readonly #backOff: BackOff;
  readonly #reporter: StateReporter;
  readonly #buffer = Buffer.alloc(chunkBytes);
  readonly #outgoing = Buffer.alloc(largestBacklogBytes);
  /** Bytes that a UART at the baud rate has not sent yet, and at what time. An array, because V8 would box numbers. */
  readonly #queue = new Float64Array(2);
  #readTimer: NodeJS.Timeout | undefined;
  #reopenTimer: NodeJS.Timeout | undefined;
  #silenceTimer: NodeJS.Timeout | undefined;
  /** Times in a row that the port was reopened because of silence. */
  #silences = 0;
  #closing: Promise<void> | undefined;
  #started = false;
  /** No byte has arrived on this connection yet. */
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
    if (this.#started || this.#closing !== undefined)
      throw new Error(`found a second open() of ${name}, expected one; create a new source`);
    this.#started = true;
    this.#receive = receive;
    this.#reporter.report("opening", "", `opening ${name}`);
    this.#attempt = this.#connect();
    try {
      await this.#attempt;
    } catch (error) {
      if (!(error instanceof PortError) || !waitForPort || error.kind === "unsuitable") {
        this.#reporter.report("closed", "", `${name} stays closed`);
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

  /** Returns whether the line has time to send these bytes too, and counts them if so. */
  #queueTakes(bytes: number): boolean {
    const queue = this.#queue;
    const { baudRate } = this.#options;
    const now = steadyClock.now();
    const bytesPerMs = (bytesPerBit * baudRate) / 1000;
    queue[0] = Math.max(0, queue[0] - (now - queue[1]) * bytesPerMs);
    queue[1] = now;
    // An idle line accepts any single message, however slow the line is.
    if (queue[0] > 0 && queue[0] + bytes > longestQueueMs * bytesPerMs) return false;
    queue[0] += bytes;
    return true;
  }

  /** Returns how many bytes the kernel accepted: fewer than all, or none, while its queue is full. */
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
      this.#closed = release(port, true);
    }
    await within(3 * closingStepMs, this.#closed);
    if (this.#reporter.state !== "closed")
      this.#reporter.report("closed", "", `${nameOf(port) ?? this.#finder.name} is closed`);
  }

  /** Passes waiting bytes to the kernel, as far as it accepts them within a short time. */
  async #sendLast(port: Port): Promise<void> {
    const { readEveryMs } = this.#options;
    for (let waitedMs = 0; port.waitingBytes > 0 && waitedMs < closingStepMs; waitedMs += readEveryMs) {
      await new Promise((resolve) => setTimeout(resolve, readEveryMs));
      this.#sendWaiting(port);
    }
  }

  /** Tries once to open the port. @throws PortError */
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
    // A silent port that was reopened is reported as open at its first byte only.
    if (this.#reporter.state !== "silent") this.#reportOpen();
  }

  /** Reads what the kernel has and passes it on, at most one buffer at a time so that other work can run. */
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
    // A connected port either has bytes or fails with EAGAIN.
    if (bytes === 0) {
      this.#lose(port, "vanished");
      return;
    }
    if (bytes >= largeReadBytes) setImmediate(this.#read);
    this.#pass(bytes);
  };

  #pass(bytes: number): void {
    this.counts.bytes += bytes;
    this.#silenceTimer?.refresh();
    if (this.#isQuiet) {
      this.#isQuiet = false;
      this.#backOff.reset();
      if (this.#reporter.state === "silent") this.#reportOpen();
      if (this.#silences > 0) this.#endSilences();
    }
    this.#receive(this.#buffer, bytes);
  }

  #lose(port: Port, fault: string): void {
    if (port !== this.#port) return;
    this.#forget();
    this.counts.losses++;
    this.#closed = release(port, false);
    this.#reporter.report("waiting", "lost", `${nameOf(port)} ${fault}; waiting to reopen it`);
    this.#reopenLater();
  }

  #watchSilence(): void {
    const { silenceMs } = this.#options;
    if (silenceMs === undefined) return;
    const longestMs = Math.max(silenceMs, longestSilenceMs);
    this.#silenceTimer = setTimeout(
      () => this.#reopenSilent(silenceMs),
      Math.min(silenceMs * 2 ** this.#silences, longestMs),
    );
  }

  /** Bytes come again: the next silence counts as the first. */
  #endSilences(): void {
    this.#silences = 0;
    clearTimeout(this.#silenceTimer);
    this.#watchSilence();
  }

  #reopenSilent(silenceMs: number): void {
    const port = this.#port;
    if (port === undefined) return;
    this.#silences++;
    this.#forget();
    this.counts.losses++;
    this.#reporter.report(
      "silent",
      "",
      `no byte from ${nameOf(port)} for ${silenceMs / 1000} s; reopening it`,
    );
    this.#closed = release(port, false);
    this.#reopenLater();
  }

  /** Detaches the present port: it is neither read nor written any more. */
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
    // A lost port is missing at first: that loss has been reported already.
    if (!(this.#reporter.reason === "lost" && kind === "missing")) {
      this.#reporter.report("waiting", kind, `${error.message}; retrying until it opens`);
    }
    this.#reopenLater();
  }

  #reportOpen(): void {
    const port = this.#port;
    const finder = this.#finder;
    const name = nameOf(port);
    const found = name === finder.name ? "" : `: it is ${finder.device}`;
    this.#reporter.report("open", "", `${name} is open at ${this.#options.baudRate} baud${found}`);
  }
}

/** Returns the open file descriptor of a port, which the bindings of POSIX systems have. */
function descriptorOf(binding: BindingPort & { fd?: number | null }): number | undefined {
  return binding.fd ?? undefined;
}

function nameOf(port: Port | undefined): string | undefined {
  return port && `the serial port ${port.path}`;
}

/**
 * Closes a port, and never fails. Closing a UART waits until all bytes are sent, for ever if the other side does not
 * accept them: so unsent bytes are discarded first, with `isPatient` after a short time to send them.
 */
async function release({ binding, hasWritten }: Port, isPatient: boolean): Promise<void> {
  if (!binding.isOpen) return;
  if (hasWritten) {
    if (isPatient) await within(closingStepMs, binding.drain());
    await within(closingStepMs, binding.flush());
  }
  // It fails only when the descriptor is closed already.
  await binding.close().catch(() => {});
}

/** Resolves when the work is done or has failed, at the latest after `milliseconds`. */
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
