import type { Socket } from "node:dgram";
import { BackOff, type ReopenOptions, StateReporter } from "./reopening.ts";
import type { Receive, Source } from "./source.ts";
import { type DiscardWatch, watchDiscarded } from "./unread-datagrams.ts";

/** Which port to listen on, and when to reopen it. */
export interface UdpOptions extends ReopenOptions {
  /** Address to listen on: `0.0.0.0` is every IPv4 address of this machine, `::` every IPv6 address too. */
  host: string;
  port: number;
  /** The only address whose datagrams are read; undefined: any. */
  from?: string;
  /** If no datagram arrives for this long, the socket is opened again. Default: no limit. */
  silenceMs?: number;
  /** Byte that ends a frame or line: passed on after each datagram, so that the next datagram begins a new one. */
  delimiter: number;
  /** Called before the first datagram after the socket was opened again: the place for `decoder.reset()`. */
  onReconnect?: () => void;
}

/** Most bytes that wait in the system to be sent. */
const largestBacklogBytes = 4096;

/**
 * Creates a source that listens on a UDP socket. A datagram holds one or more whole frames or lines; its last line may
 * lack the line end. The sequence numbers of frames show what the network loses. Replies go to the sender of the latest
 * datagram. The socket is opened again for as long as the source lives.
 */
export function createUdpSource(options: UdpOptions): Source & Required<Pick<Source, "write">> {
  return new UdpSource(options);
}

class UdpSource implements Source {
  readonly counts = { bytes: 0, opens: 0, failures: 0, losses: 0, droppedWrites: 0, discarded: 0 };
  readonly #options: UdpOptions;
  readonly #place: string;
  readonly #delimiter: Uint8Array;
  readonly #backOff: BackOff;
  readonly #reporter: StateReporter;
  #receive: Receive = () => {};
  #socket: Socket | null = null;
  /** Sender of the latest datagram. */
  #peer: { address: string; port: number } | null = null;
  #reopenTimer: NodeJS.Timeout | undefined;
  #silenceTimer: NodeJS.Timeout | undefined;
  #discards: DiscardWatch | null = null;
  #isClosed = false;

  constructor(options: UdpOptions) {
    this.#options = options;
    this.#place = `UDP port ${options.port} of ${options.host}`;
    this.#delimiter = Uint8Array.of(options.delimiter);
    this.#backOff = new BackOff(options);
    this.#reporter = new StateReporter(options);
  }

  async open(receive: Receive): Promise<void> {
    this.#receive = receive;
    await this.#listen();
  }

  write(bytes: Uint8Array, end = bytes.length): boolean {
    const socket = this.#socket;
    const peer = this.#peer;
    if (socket === null || peer === null || socket.getSendQueueSize() + end > largestBacklogBytes) {
      this.counts.droppedWrites++;
      return false;
    }
    // Copied, because the socket may keep the bytes while the caller reuses its buffer. A failure is ignored: a missing
    // peer is not a fault of the source.
    socket.send(Buffer.from(bytes.subarray(0, end)), peer.port, peer.address, () => {});
    return true;
  }

  async close(): Promise<void> {
    clearTimeout(this.#reopenTimer);
    clearTimeout(this.#silenceTimer);
    this.#isClosed = true;
    this.#socket?.removeAllListeners("message");
    // What was discarded since the last look counts too.
    await this.#discards?.look();
    this.#closeSocket();
    this.#reporter.report("closed", "", `${this.#place} is closed`);
  }

  async #listen(): Promise<void> {
    // Loaded here, because a board with a serial port does not need this memory.
    const { createSocket } = await import("node:dgram");
    if (this.#isClosed) return;
    const { host, port, from, silenceMs } = this.#options;
    const socket = createSocket(host.includes(":") ? "udp6" : "udp4");
    this.#socket = socket;
    let isOpen = false;
    socket.once("listening", () => {
      isOpen = true;
      this.counts.opens++;
      if (this.counts.opens > 1) this.#options.onReconnect?.();
      this.#watchSilence(silenceMs);
      const bound = socket.address();
      this.#discards = watchDiscarded(bound.address, bound.port, (datagrams) => {
        this.counts.discarded += datagrams;
      });
      // A silent port that was reopened is reported as open at its first datagram only.
      if (this.#reporter.state !== "silent") this.#reportOpen();
    });
    socket.on("message", (datagram, { address, port: sender }) => {
      if (from !== undefined && address !== from) return;
      this.#pass(datagram, address, sender);
    });
    socket.once("error", (error: NodeJS.ErrnoException) => {
      if (socket !== this.#socket) return;
      if (isOpen) this.counts.losses++;
      else this.counts.failures++;
      const fault = faultOf(error);
      this.#reporter.report("waiting", fault, `${this.#place} ${fault}; retrying until it opens`);
      this.#reopenLater();
    });
    socket.bind({ address: host, port });
    // Resolves only once the socket is bound: the caller may send to it then.
    await new Promise<void>((resolve) => {
      for (const event of ["listening", "error", "close"]) socket.once(event, () => resolve());
    });
  }

  #pass(datagram: Buffer, address: string, port: number): void {
    if (this.#peer?.address !== address || this.#peer.port !== port) this.#peer = { address, port };
    this.counts.bytes += datagram.length;
    this.#silenceTimer?.refresh();
    this.#backOff.reset();
    if (this.#reporter.state === "silent") this.#reportOpen();
    this.#receive(datagram, datagram.length);
    this.#receive(this.#delimiter, 1);
  }

  #watchSilence(silenceMs: number | undefined): void {
    if (silenceMs === undefined) return;
    this.#silenceTimer = setTimeout(() => {
      this.counts.losses++;
      const sentence = `no datagram on ${this.#place} for ${silenceMs / 1000} s; reopening it`;
      this.#reporter.report("silent", "", sentence);
      this.#reopenLater();
    }, silenceMs);
  }

  #reportOpen(): void {
    this.#reporter.report("open", "", `listening on ${this.#place}`);
  }

  #reopenLater(): void {
    this.#closeSocket();
    this.#reopenTimer = setTimeout(() => void this.#listen(), this.#backOff.next());
  }

  #closeSocket(): void {
    clearTimeout(this.#silenceTimer);
    this.#discards?.stop();
    const socket = this.#socket;
    this.#socket = null;
    this.#peer = null;
    // Late messages and errors of this socket are ignored.
    socket?.removeAllListeners("message");
    socket?.on("error", () => {});
    socket?.close();
  }
}

function faultOf({ code, message }: NodeJS.ErrnoException): string {
  switch (code) {
    case "EADDRINUSE":
      return "is in use by another program";
    case "EADDRNOTAVAIL":
      return "cannot be opened, this machine has no such address";
    case "EACCES":
      return "cannot be opened, a port below 1024 needs root or CAP_NET_BIND_SERVICE";
    default:
      return `failed (${message})`;
  }
}
