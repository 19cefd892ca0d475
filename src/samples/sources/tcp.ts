import type { Socket } from "node:net";
import { BackOff, type ReopenOptions, StateReporter } from "./reopening.ts";
import { chunkBytes, type Receive, type Source } from "./source.ts";

export interface TcpOptions extends ReopenOptions {
  host: string;
  port: number;
  /**
   * Without a byte for so long the connection is closed and made again: a peer that lost its power, or its network, never
   * says so. Default: no limit.
   */
  silenceMs?: number;
  /** Called before the first bytes of every connection but the first: the place for `decoder.reset()`. */
  onReconnect?: () => void;
}

/** Bytes that may wait here to be sent, beyond those that the system takes. */
const largestBacklogBytes = 4096;
/** An attempt that nobody answers is given up. The system itself would wait for two minutes. */
const connectMs = 10_000;
/** After so long without a byte the system asks whether the peer is still there. */
const keepAliveMs = 30_000;

/**
 * A TCP connection to a peer that sends samples, made again for as long as the source lives, at first too: a peer may
 * be started later. Bytes are read into one buffer, and the next ones only when these are done with, so a consumer that
 * is slow holds the peer back.
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
    this.#reporter.tell("closed", "", `the connection to ${this.#place} is closed`);
  }

  async #connect(): Promise<void> {
    // Loaded here, because a board with a serial port need not spend the memory.
    const { connect } = await import("node:net");
    if (this.#isClosed) return;
    const { host, port, silenceMs } = this.#options;
    let fault = "was closed by the peer";
    const socket = connect({
      ...{ host, port, noDelay: true, keepAlive: true, keepAliveInitialDelay: keepAliveMs },
      onread: {
        buffer: this.#buffer,
        callback: (bytes) => {
          this.#hand(bytes);
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
      // A peer that was silent says nothing new by being connected again; its first byte does.
      if (this.#reporter.state !== "silent") this.#tellOpen();
    });
    socket.on("timeout", () => {
      isSilent = isOpen;
      fault = "is not answered";
      socket.destroy();
    });
    socket.on("error", (error: NodeJS.ErrnoException) => {
      fault = faultOf(error);
    });
    // What is sent answers samples, so a peer that has said its last byte has nothing more to wait for.
    socket.on("end", () => socket.destroy());
    socket.once("close", () => {
      if (socket !== this.#socket) return;
      this.#socket = null;
      if (isOpen) this.counts.losses++;
      else this.counts.failures++;
      if (isSilent) {
        const seconds = (silenceMs ?? 0) / 1000;
        this.#reporter.tell(
          "silent",
          "",
          `no byte from ${this.#place} for ${seconds} s: the connection is made again`,
        );
      } else if (isOpen) {
        this.#reporter.tell("waiting", "lost", `the connection to ${this.#place} ${fault}: it is made again`);
      } else if (this.#reporter.reason !== "lost") {
        this.#reporter.tell(
          "waiting",
          fault,
          `the connection to ${this.#place} ${fault}; trying again until it is made`,
        );
      }
      this.#connectLater();
    });
  }

  #hand(bytes: number): void {
    this.counts.bytes += bytes;
    this.#backOff.reset();
    if (this.#reporter.state === "silent") this.#tellOpen();
    this.#receive(this.#buffer, bytes);
  }

  #tellOpen(): void {
    this.#reporter.tell("open", "", `connected to ${this.#place}`);
  }

  #connectLater(): void {
    this.#timer = setTimeout(() => void this.#connect(), this.#backOff.next());
  }
}

function faultOf({ code, message }: NodeJS.ErrnoException): string {
  switch (code) {
    case "ECONNREFUSED":
      return "is refused, nothing listens there";
    case "ENOTFOUND":
    case "EAI_AGAIN":
      return "cannot be made, there is no address for this name";
    case "ECONNRESET":
      return "was broken off by the peer";
    case "EHOSTUNREACH":
    case "ENETUNREACH":
      return "cannot be made, the network does not reach that far";
    default:
      return `failed (${message})`;
  }
}
