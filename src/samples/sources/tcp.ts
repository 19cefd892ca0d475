import type { Socket } from "node:net";
import { BackOff, type ReopenOptions, StateReporter } from "./reopening.ts";
import { chunkBytes, type Receive, type Source } from "./source.ts";

/** Which peer to connect to, and when to reconnect. */
export interface TcpOptions extends ReopenOptions {
  host: string;
  port: number;
  /**
   * If no byte arrives for this long, the connection is closed and made again: a peer that lost its power or its
   * network cannot report it. Default: no limit.
   */
  silenceMs?: number;
  /** Called before the first bytes of every connection but the first: the place for `decoder.reset()`. */
  onReconnect?: () => void;
}

/** Most bytes that wait here to be sent, beyond those that the system accepts. */
const largestBacklogBytes = 4096;
/** Time limit of an attempt to connect; the system itself would wait for two minutes. */
const connectMs = 10_000;
/** After this time without a byte the system sends keep-alive probes. */
const keepAliveMs = 30_000;

/**
 * Creates a source that connects to a TCP peer, and reconnects for as long as the source lives. It also waits for a
 * peer that is not running yet. Bytes are read into one buffer, and the next ones only after these are processed, so a
 * slow consumer holds the peer back.
 */
export function createTcpSource(options: TcpOptions): Source & Required<Pick<Source, "write">> {
  return new TcpSource(options);
}

class TcpSource implements Source {
  readonly counts = { bytes: 0, opens: 0, failures: 0, losses: 0, droppedWrites: 0 };
  readonly #options: TcpOptions;
  readonly #place: string;
  readonly #buffer = Buffer.alloc(chunkBytes);
  #receive: Receive = () => {};
  #socket: Socket | null = null;
  readonly #backOff: BackOff;
  readonly #reporter: StateReporter;
  #timer: NodeJS.Timeout | undefined;
  #isClosed = false;

  constructor(options: TcpOptions) {
    this.#options = options;
    this.#place = `${options.host}:${options.port}`;
    this.#backOff = new BackOff(options);
    this.#reporter = new StateReporter(options);
  }

  async open(receive: Receive): Promise<void> {
    this.#receive = receive;
    await this.#connect();
  }

  write(bytes: Uint8Array, end = bytes.length): boolean {
    const socket = this.#socket;
    const isOpen = socket !== null && !socket.connecting && socket.writable;
    if (!isOpen || socket.writableLength + end > largestBacklogBytes) {
      this.counts.droppedWrites++;
      return false;
    }
    // Copied, because the socket may keep the bytes while the caller uses its buffer again.
    socket.write(Buffer.from(bytes.subarray(0, end)));
    return true;
  }

  async close(): Promise<void> {
    clearTimeout(this.#timer);
    this.#isClosed = true;
    const socket = this.#socket;
    this.#socket = null;
    socket?.destroy();
    this.#reporter.report("closed", "", `the connection to ${this.#place} is closed`);
  }

  async #connect(): Promise<void> {
    // Loaded here, because a board with a serial port does not need this memory.
    const { connect } = await import("node:net");
    if (this.#isClosed) return;
    const { host, port, silenceMs } = this.#options;
    let fault = "was closed by the peer";
    const socket = connect({
      ...{ host, port, noDelay: true, keepAlive: true, keepAliveInitialDelay: keepAliveMs },
      onread: {
        buffer: this.#buffer,
        callback: (bytes) => {
          this.#pass(bytes);
          return true;
        },
      },
    });
    this.#socket = socket;
    let isOpen = false;
    let isSilent = false;
    socket.setTimeout(connectMs);
    socket.once("connect", () => {
      isOpen = true;
      socket.setTimeout(silenceMs ?? 0);
      this.counts.opens++;
      if (this.counts.opens > 1) this.#options.onReconnect?.();
      // A silent peer that was reconnected is reported as open at its first byte only.
      if (this.#reporter.state !== "silent") this.#reportOpen();
    });
    socket.on("timeout", () => {
      isSilent = isOpen;
      fault = "timed out";
      socket.destroy();
    });
    socket.on("error", (error: NodeJS.ErrnoException) => {
      fault = faultOf(error);
    });
    // Replies answer samples, so a peer that has sent its last byte expects nothing more.
    socket.on("end", () => socket.destroy());
    socket.once("close", () => {
      if (socket !== this.#socket) return;
      this.#socket = null;
      if (isOpen) this.counts.losses++;
      else this.counts.failures++;
      if (isSilent) this.#reportSilent((silenceMs ?? 0) / 1000);
      else if (isOpen) this.#reportLost(fault);
      else this.#reportRefused(fault);
      this.#connectLater();
    });
  }

  #reportSilent(seconds: number): void {
    this.#reporter.report("silent", "", `no byte from ${this.#place} for ${seconds} s; reconnecting`);
  }

  #reportLost(fault: string): void {
    this.#reporter.report("waiting", "lost", `the connection to ${this.#place} ${fault}; reconnecting`);
  }

  /** That a lost connection is tried again was reported with its loss. */
  #reportRefused(fault: string): void {
    if (this.#reporter.reason === "lost") return;
    const sentence = `the connection to ${this.#place} ${fault}; retrying until it succeeds`;
    this.#reporter.report("waiting", fault, sentence);
  }

  #pass(bytes: number): void {
    this.counts.bytes += bytes;
    this.#backOff.reset();
    if (this.#reporter.state === "silent") this.#reportOpen();
    this.#receive(this.#buffer, bytes);
  }

  #reportOpen(): void {
    this.#reporter.report("open", "", `connected to ${this.#place}`);
  }

  #connectLater(): void {
    this.#timer = setTimeout(() => void this.#connect(), this.#backOff.next());
  }
}

function faultOf({ code, message }: NodeJS.ErrnoException): string {
  switch (code) {
    case "ECONNREFUSED":
      return "was refused, no program listens there";
    case "ENOTFOUND":
    case "EAI_AGAIN":
      return "failed, this host name has no address";
    case "ECONNRESET":
      return "was reset by the peer";
    case "EHOSTUNREACH":
    case "ENETUNREACH":
      return "failed, there is no route to this host";
    default:
      return `failed (${message})`;
  }
}
