/** Server-sent events: the state once a second, as long as somebody watches. */
import type { ServerResponse } from "node:http";
import type { ServerCounts } from "./document.ts";

/** Clients at a time. */
export const mostWatching = 8;
/** A client that leaves this much unread is dropped. */
const mostUnreadBytes = 64 * 1024;
const everyMs = 1000;

export class EventStream {
  readonly #clients = new Set<ServerResponse>();
  readonly #counts: ServerCounts;
  readonly #status: () => string;
  #timer: NodeJS.Timeout | undefined;

  /** @param status the state as JSON */
  constructor(counts: ServerCounts, status: () => string) {
    this.#counts = counts;
    this.#status = status;
  }

  get isFull(): boolean {
    return this.#clients.size >= mostWatching;
  }

  /** Adds a client, whose headers have been sent. */
  add(client: ServerResponse): void {
    this.#clients.add(client);
    this.#counts.watching = this.#clients.size;
    client.on("close", () => this.#remove(client));
    // What a browser waits before it connects again.
    client.write(`retry: 3000\nevent: status\ndata: ${this.#status()}\n\n`);
    this.#timer ??= setInterval(() => this.#sendStatus(), everyMs);
  }

  #sendStatus(): void {
    this.#send(`event: status\ndata: ${this.#status()}\n\n`);
  }

  #send(text: string): void {
    for (const client of this.#clients) {
      if (client.writableLength > mostUnreadBytes) {
        this.#counts.slowReaders++;
        client.destroy();
      } else {
        client.write(text);
      }
    }
  }

  #remove(client: ServerResponse): void {
    this.#clients.delete(client);
    this.#counts.watching = this.#clients.size;
    if (this.#clients.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  close(): void {
    clearInterval(this.#timer);
    for (const client of this.#clients) client.destroy();
  }
}
