/** Server-sent events: the state once a second and each prediction, as long as somebody wants them. */
import type { ServerResponse } from "node:http";
import type { ServerCounts } from "./document.ts";
import type { SharedBytes } from "./shared-bytes.ts";

/** Clients at a time. */
export const mostWatching = 8;
/** A client that leaves this much unread is dropped. */
const mostUnreadBytes = 64 * 1024;
const everyMs = 1000;

export class EventStream {
  /** Each client, and whether it wants predictions too. */
  readonly #clients = new Map<ServerResponse, boolean>();
  readonly #counts: ServerCounts;
  readonly #status: () => SharedBytes;
  #timer: NodeJS.Timeout | undefined;
  /** Predictions of this turn of the event loop. */
  #predictions = "";
  #listeners = 0;
  readonly #sendPredictions = () => {
    const text = this.#predictions;
    this.#predictions = "";
    this.#send(Buffer.from(text), null);
  };

  /** @param status the state as an event */
  constructor(counts: ServerCounts, status: () => SharedBytes) {
    this.#counts = counts;
    this.#status = status;
  }

  get isFull(): boolean {
    return this.#clients.size >= mostWatching;
  }

  /** Whether anybody wants predictions. */
  get hasListeners(): boolean {
    return this.#listeners > 0;
  }

  /** Adds a client, whose headers have been sent. */
  add(client: ServerResponse, wantsPredictions: boolean): void {
    this.#clients.set(client, wantsPredictions);
    this.#count();
    client.on("close", () => this.#remove(client));
    // What a browser waits before it connects again.
    client.write("retry: 3000\n");
    const status = this.#status();
    client.write(status.bytes, status.hold());
    this.#timer ??= setInterval(() => {
      const state = this.#status();
      this.#send(state.bytes, state);
    }, everyMs);
  }

  /** Sends a prediction, a line of JSON, to those who want it; those of one turn together. */
  prediction(line: string): void {
    if (this.#predictions === "") setImmediate(this.#sendPredictions);
    this.#predictions += `event: prediction\ndata: ${line}\n`;
  }

  /** @param shared where the bytes are kept; null: those of predictions, which not all clients want */
  #send(bytes: Uint8Array, shared: SharedBytes | null): void {
    for (const [client, wantsPredictions] of this.#clients) {
      if (shared === null && !wantsPredictions) continue;
      if (client.writableLength > mostUnreadBytes) {
        this.#counts.slowReaders++;
        client.destroy();
      } else {
        client.write(bytes, shared?.hold());
      }
    }
  }

  #count(): void {
    this.#counts.watching = this.#clients.size;
    this.#listeners = [...this.#clients.values()].filter(Boolean).length;
  }

  #remove(client: ServerResponse): void {
    this.#clients.delete(client);
    this.#count();
    if (this.#clients.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  close(): void {
    clearInterval(this.#timer);
    for (const client of this.#clients.keys()) client.destroy();
  }
}
